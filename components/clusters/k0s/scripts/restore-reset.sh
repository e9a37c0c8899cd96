# shellcheck shell=sh
# Makes this server the only member of etcd, with the data of a snapshot. start.sh comes next. Builds on lib.sh, data.sh,
# snapshots.sh, restore.sh, restore-unit.sh and restore-kubelet.sh.
# Settings: RESTORE, SNAPSHOT
# Secrets:  none
# Output:   nothing

take_lock node

reset_aside=$HERE_DATA/before-$RESTORE
reset_copy=$STATE_DIR/restore.copy

# reset_value FILE KEY: a plain value, without quotes.
reset_value() { sed -n "s/^ *$2: *//p" "$1" | tail -n 1 | tr -d "\"'"; }

restore_must_be_begun
if [ "$(restore_stage)" = stopped ]; then
  snapshot_must_be "$SNAPSHOT"
  say "restoring $SNAPSHOT: this server becomes the only member of etcd"
  rm -rf "$reset_copy"
  mkdir -p "$reset_copy"
  tar -xpzf "$SNAPSHOT_DIR/$SNAPSHOT" -C "$reset_copy" >&2 || {
    rm -rf "$reset_copy"
    fail "$SNAPSHOT cannot be read" "see the reason above; choose another one: bear snapshot list"
  }

  # What is baked into the data must be what this host goes on with.
  for reset_field in podCIDR serviceCIDR IPv6podCIDR IPv6serviceCIDR clusterDomain; do
    reset_then=$(reset_value "$reset_copy/k0s.yaml" "$reset_field")
    reset_now=$(reset_value "$HERE_CONFIG" "$reset_field")
    [ "$reset_then" = "$reset_now" ] || {
      rm -rf "$reset_copy"
      fail "$SNAPSHOT is of a cluster with $reset_field ${reset_then:-empty}, this host has ${reset_now:-empty}" "choose a snapshot of this cluster: bear snapshot list"
    }
  done

  # k0s gives the member the address that the config in the archive says: that of the server which wrote it.
  cp "$HERE_CONFIG" "$reset_copy/k0s.yaml"

  # k0s wants no data of etcd here, and certificates of before would mix with those of the snapshot. What is here a second time
  # is of a restore that was cut short.
  mkdir -p "$reset_aside"
  for reset_part in etcd pki; do
    [ -e "$HERE_DATA/$reset_part" ] || continue
    if [ -e "$reset_aside/$reset_part" ]; then
      rm -rf "${HERE_DATA:?}/$reset_part"
    else
      mv "$HERE_DATA/$reset_part" "$reset_aside/$reset_part"
      changed restore "moved $reset_part of before to $reset_aside"
    fi
  done

  # Parts of k0s run as users of their own, and go through its folders. The archive names no folder above its own.
  reset_log=$STATE_DIR/restore.log
  if ! (
    umask 022
    cd "$reset_copy" && tar -czf - -- * | "$HERE_BIN" restore - >/dev/null 2>"$reset_log"
  ); then
    say "$(grep -E '^Error: |level=(fatal|error)' "$reset_log" | tail -n 1 || true)"
    rm -rf "$reset_copy" "$reset_log"
    fail "k0s could not restore $SNAPSHOT" "see the reason above; data of before is in $reset_aside"
  fi
  rm -rf "$reset_copy" "$reset_log"
  ! id kube-apiserver >/dev/null 2>&1 || chown kube-apiserver "$HERE_DATA/pki/encryption.yaml"
  ! kubelet_is_foreign "$(base64 <"$HERE_DATA/pki/ca.crt" | tr -d '\n')" || forget_kubelet

  # A join of before that did not end is over.
  rm -f "$HERE_JOINING" "$HERE_TOKEN"
  restore_mark restored
  changed restore "restored $SNAPSHOT"
fi
