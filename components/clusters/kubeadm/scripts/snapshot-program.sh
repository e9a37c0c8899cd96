# shellcheck shell=sh
# Writes a snapshot of this server's etcd and proves it by the digest that etcd puts at its end. A program of its own, without the
# library: a timer runs it too.
# Settings: as arguments: what its name begins with, and how many of those stay (0: all, and a cluster without a majority is no
#           hindrance). ROOT as in lib.sh.
# Secrets:  none
# Output:   the name of the snapshot

set -eu
umask 077
PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
root=${ROOT:-}
prefix=$1 keep=$2
folder=$root/var/lib/etcd-snapshots
pki=$root/etc/kubernetes/pki/etcd

[ "$keep" -eq 0 ] || [ ! -e "$root/var/lib/bearstack/restore" ] || exit 0 # what is restored must not be pushed out

give_up() {
  printf '%s\n' "$1" >&2
  exit 1
}
call() { curl -sSf --noproxy '*' --connect-timeout 10 --speed-limit 1 --speed-time 60 --cacert "$pki/ca.crt" --cert "$pki/healthcheck-client.crt" --key "$pki/healthcheck-client.key" "$@"; }

flag() { sed -n "s/^ *- --$1=\([^,]*\).*/\1/p" "$root/etc/kubernetes/manifests/etcd.yaml" 2>/dev/null || true; }
url=$(flag advertise-client-urls)
node=$(flag name)
[ -n "$url" ] || give_up "etcd does not run on this server"

# Whoever is cut off from the others has what was true once.
case $(call "$url/health" 2>/dev/null || true) in
  *'"health":"true"'*) ;;
  *)
    [ "$keep" -eq 0 ] || give_up "etcd has no majority"
    prefix=$prefix-without-majority
    ;;
esac

mkdir -p "$folder"
find "$folder" -maxdepth 1 -name '.new.*' -mmin +1440 -exec rm -rf {} + # of runs that were killed
new=$(mktemp -d "$folder/.new.XXXXXX")
trap 'rm -rf "$new"' EXIT
trap 'exit 130' HUP INT PIPE TERM

# A message a line; the last one holds the digest.
call -X POST -d '{}' "$url/v3/maintenance/snapshot" | sed -n 's/.*"blob":"\([^"]*\)".*/\1/p' | base64 -d >"$new/db"
size=$(($(stat -c %s "$new/db") - 32))
[ "$size" -gt 0 ] || give_up "etcd sent no snapshot"
[ "$(head -c "$size" "$new/db" | sha256sum | cut -d ' ' -f 1)" = "$(tail -c 32 "$new/db" | od -An -v -tx1 | tr -d ' \n')" ] ||
  give_up "the snapshot did not come whole"

name=$prefix-$node-$(date +%s)
sync
mv "$new/db" "$folder/$name"
if [ "$keep" -gt 0 ]; then
  find "$folder" -maxdepth 1 -name "$prefix-$node-[0-9]*" | sort -r | tail -n +$((keep + 1)) | while read -r old; do rm -f "$old"; done
fi
printf '%s\n' "$name"
