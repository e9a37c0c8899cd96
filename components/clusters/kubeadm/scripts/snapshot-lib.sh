# shellcheck shell=sh
# Where snapshots lie, for snapshots.sh. Functions and names only.
# Settings: none
# Secrets:  none
# Output:   nothing

# shellcheck disable=SC2034 # the other scripts use it
SNAPSHOT_DIR=$ROOT/var/lib/etcd-snapshots

# snapshot_time FILE: at the end of the name, for those that were written here.
snapshot_time() {
  case ${1##*-} in
    '' | *[!0-9]*) stat -c %Y "$1" ;;
    *) printf '%s\n' "${1##*-}" ;;
  esac
}
