# shellcheck shell=sh
# Prints what is no part of a snapshot, and without which it is of no use elsewhere: the certificate authorities of the cluster, the
# key of its service accounts, and the one that Secrets are encrypted with. Builds on lib.sh and snapshots.sh.
# Settings: SNAPSHOT
# Secrets:  none
# Output:   an archive (tar, gzip) of /etc/kubernetes in base64, which is a secret

snapshot_must_be "$SNAPSHOT"
key_files=''
for key_file in pki/ca.crt pki/ca.key pki/front-proxy-ca.crt pki/front-proxy-ca.key pki/sa.pub pki/sa.key pki/etcd/ca.crt pki/etcd/ca.key encryption/config.yaml; do
  [ ! -f "$KUBE_ETC/$key_file" ] || key_files="$key_files $key_file"
done
[ -n "$key_files" ] || fail "this server has no keys of the cluster" "copy from one that is a server of it"
# shellcheck disable=SC2086 # names are several words
tar -C "$KUBE_ETC" -czf - $key_files | base64
