# shellcheck shell=sh
# What scripts about snapshots share. Functions only; builds on lib.sh.
# Settings: none
# Secrets:  none
# Output:   nothing

SNAPSHOT_DIR=$ROOT/var/lib/k0s-backups
data_unit=$ROOT/etc/systemd/system/k0scontroller.service

# snapshot_time FILE: it is at the end of the name, by the clock of the host where k0s gave the name.
snapshot_time() {
  data_time=${1##*/}
  data_time=${data_time%.tar.gz}
  case $data_time in
    k0s_backup_*)
      data_time=$(printf '%s\n' "$data_time" | sed 's/^k0s_backup_\(.*\)T\(..\)_\(..\)_\(..\)_.*$/\1 \2:\3:\4/')
      date -d "$data_time" +%s 2>/dev/null || stat -c %Y "$1"
      ;;
    *)
      data_time=${data_time##*-}
      case $data_time in
        '' | *[!0-9]*) stat -c %Y "$1" ;;
        *) printf '%s\n' "$data_time" ;;
      esac
      ;;
  esac
}

# write_snapshot NAME: under a name of its own, so that those of the schedule do not push it out. It is there whole or not at all.
write_snapshot() {
  data_new=$SNAPSHOT_DIR/taken
  mkdir -p "$data_new"
  rm -f "$data_new"/*
  "$HERE_BIN" backup "--save-path=$data_new" || return 1
  data_node=$(sed -n 's/^ExecStart=.*--hostname-override=\([^ "]*\).*/\1/p' "$data_unit")
  for data_file in "$data_new"/*.tar.gz; do
    chmod 600 "$data_file" && mv "$data_file" "$SNAPSHOT_DIR/$1-$data_node-$(date +%s).tar.gz" || return 1
  done
  rmdir "$data_new"
}
