# shellcheck shell=sh
# Getting a pinned release, from its address or from a folder of the host, and refusing steps between releases that are none.
# Functions only.
# Settings: ARTIFACTS (an https:// address, or a folder on the host)
# Secrets:  none
# Output:   nothing

# host_arch AMD64 ARM64: the word that a product has for the architecture of this host.
host_arch() {
  case $(uname -m) in
    aarch64 | arm64) printf '%s' "$2" ;;
    *) printf '%s' "$1" ;;
  esac
}

# get_release VERSION NAME FILE: one file of a release. In a folder it lies in that of its version; an address has no plus.
get_release() {
  case $ARTIFACTS in
    /*)
      [ -f "$ROOT$ARTIFACTS/$1/$2" ] || fail "$ARTIFACTS/$1/$2 is not on this host" "copy it there from the page of the release"
      cp "$ROOT$ARTIFACTS/$1/$2" "$3"
      ;;
    *)
      release_url=${ARTIFACTS%/}/$(printf '%s' "$1/$2" | sed 's/+/%2B/g')
      fetch "$release_url" "$3" || fail "cannot get $release_url" "check the address, and whether this host reaches it"
      ;;
  esac
}

# checked_by SUMS NAME FILE WHAT: whether FILE has the digest that the list SUMS, or a file with nothing but it, has for NAME.
checked_by() {
  release_sum=$(awk -v file="$2" 'NF == 1 || $2 == file || $2 == "*" file { print $1; exit }' "$1")
  sha256_check "$3" "$release_sum" ||
    fail "the checksum of $4 is wrong" "get it again; a mirror must hold the file and the list of the same release"
}

# A version as a number that grows with it: v1.36.2+k3s1 is 36002001, v1.36.2 is 36002000.
version_number() {
  printf '%s\n' "$1" | sed -n 's/^v1\.\([0-9]\{1,\}\)\.\([0-9]\{1,\}\)\(+[a-z0-9]*[a-z]\.\{0,1\}\([0-9]\{1,\}\)\)\{0,1\}$/\1 \2 \4/p' |
    awk '{ print $1 * 1000000 + $2 * 1000 + $3 }'
}

# check_step PRODUCT FROM TO: data of a newer version cannot be read by an older one, and Kubernetes goes up one minor version
# at a time.
check_step() {
  release_from=$(version_number "$2")
  release_to=$(version_number "$3")
  [ -n "$release_from" ] || fail "cannot read which version of $1 is installed ($2)" "put a release of $1 there, or take the old one away"
  [ "$release_to" -ge "$release_from" ] ||
    fail "$1 $2 is installed, $3 is older" "keep $2 or newer; to go back, restore a snapshot on new hosts"
  [ $((release_to / 1000000 - release_from / 1000000)) -le 1 ] ||
    fail "from $1 $2 to $3 a minor version would be skipped" "go to v1.$((release_from / 1000000 + 1)) first, then on"
}

# no_restore_is_open: a run in the middle of a restore would start what the restore has stopped.
no_restore_is_open() {
  [ ! -f "$STATE_DIR/restore" ] ||
    fail "the restore of a snapshot did not come to its end here" "run bear snapshot restore again, with $(cut -d ' ' -f 2 "$STATE_DIR/restore")"
}
