# shellcheck shell=sh
# Where containerd gets images: its tree of hosts.toml, and who signs in where. Functions only.
# Settings: REGISTRY_FILES (lines "<path in the tree> <base64>"); may be missing
# Secrets:  REGISTRIES (who signs in where, as tables of containerd's config without what comes before "configs"); may be missing
# Output:   nothing

# Which files of the tree are ours.
registries_list=$STATE_DIR/registries

registries_note() {
  mkdir -p "$STATE_DIR"
  printf '%s\n' "$1" >"$registries_list.new"
  mv "$registries_list.new" "$registries_list"
}

# registries_lack LIST: lines of standard input that LIST has not.
registries_lack() {
  while read -r registries_line; do
    case "
$1
" in *"
$registries_line
"*) ;; *) [ -z "$registries_line" ] || printf '%s\n' "$registries_line" ;; esac
  done
}

# keep_registries PHASE FOLDER: makes the tree what the config says. containerd reads it at each pull, so nothing restarts for it.
# Files of others in it stay.
keep_registries() {
  registries_before=$(cat "$registries_list" 2>/dev/null || true)
  registries_now=$(printf '%s\n' "${REGISTRY_FILES:-}" | cut -d ' ' -f 1)
  registries_new=$(printf '%s\n' "$registries_now" | registries_lack "$registries_before")
  for registries_file in $registries_new; do
    [ ! -e "$2/$registries_file" ] ||
      fail "${2#"$ROOT"}/$registries_file is on this host, and BearStack did not put it there" "take it away, or take the registry out of the config"
  done
  # First, so that a run after an interruption knows whose they are.
  [ -z "$registries_new" ] || registries_note "$registries_before
$registries_new"
  printf '%s\n' "${REGISTRY_FILES:-}" | while read -r registries_file registries_text; do
    [ -z "$registries_file" ] || write_file "$1" "$2/$registries_file" 600 "$(printf '%s' "$registries_text" | base64 -d)"
  done
  drop_registries "$1" "$2" "$(printf '%s\n' "$registries_before" | registries_lack "$registries_now")"
  if [ -z "$registries_now" ]; then
    rm -f "$registries_list"
  elif [ "$registries_now" != "$(cat "$registries_list")" ]; then
    registries_note "$registries_now"
  fi
}

# drop_registries PHASE FOLDER LIST
drop_registries() {
  for registries_file in $3; do
    keep_file "$1" "$2/$registries_file" 600 ''
    rmdir "$2/${registries_file%/*}" 2>/dev/null || true
  done
  [ -z "$3" ] || rmdir "$2" 2>/dev/null || true
}

# registries_access MAJOR: tables to go on with in the config of a containerd of that major version, or nothing. Passwords stand
# there and not as headers in the tree: a header is no answer to a registry that gives out tokens (containerd sends it to who does
# so from 2.1 on only), has no form for an identity token, and beats the pull secret of a pod.
registries_access() {
  case $1 in
    1) registries_plugin=io.containerd.grpc.v1.cri ;;
    *) registries_plugin=io.containerd.cri.v1.images ;;
  esac
  [ -n "${SECRET_REGISTRIES:-}" ] || return 0
  printf '\n%s\n' "$SECRET_REGISTRIES" | awk -v plugin="$registries_plugin" '
    /^\[configs\./ { print ""; sub(/^\[/, "[plugins.\"" plugin "\".registry.") }
    { print }'
}
