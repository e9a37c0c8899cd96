# shellcheck shell=sh
# Gives containerd the images of the control plane out of an archive, so that no registry is asked for them. Kubernetes publishes
# none: whoever keeps the releases makes it. Builds on lib.sh and release.sh.
# Settings: AIRGAP (yes: the archive is needed), ROLE, VERSION, ARTIFACTS, IMAGES (the registry in the images' names)
#           DATASTORE (optional): external where no server runs etcd
# Secrets:  none
# Output:   nothing

take_lock node

images_mark=$STATE_DIR/kubeadm.images # the checksum of the archive that containerd has
images_arch=$(host_arch amd64 arm64)
images_file=kubernetes-images-$images_arch.tar

# images_get NAME FILE: from beside the programs.
images_get() {
  case $ARTIFACTS in
    /*)
      [ -f "$ROOT$ARTIFACTS/$VERSION/bin/linux/$images_arch/$1" ] ||
        fail "$ARTIFACTS/$VERSION/bin/linux/$images_arch/$1 is not on this host" "make it (docs/kubeadm.md) and copy it there"
      ;;
  esac
  get_release "$VERSION" "bin/linux/$images_arch/$1" "$2"
}

# images_missing: what this host will run, and containerd does not have. Kubelets throw away what nobody runs, so an archive that
# was imported once does not say that it is there.
images_missing() {
  images_list=$("$KUBE_BIN/kubeadm" config images list --kubernetes-version "$VERSION" --image-repository "$IMAGES" 2>/dev/null) || images_list=''
  [ -n "$images_list" ] || fail "kubeadm does not say which images belong to $VERSION" "run kubeadm config images list on the host"
  images_there=$(ctr -n k8s.io images list -q) || fail "containerd does not say which images it has" "see journalctl -u containerd on the host, then run again"
  for images_one in $images_list; do
    case $ROLE/${DATASTORE:-etcd}/$images_one in
      agent/*/pause:* | agent/*/kube-proxy:* | agent/*/coredns:*) ;;
      agent/* | server/external/*/etcd:*) continue ;;
    esac
    printf '%s\n' "$images_there" | grep -qxF "$images_one" || printf ' %s' "$images_one"
  done
}

import_images() {
  say "getting the images of Kubernetes $VERSION"
  images_get "$images_file" "$images_mark.tar"
  checked_by "$images_mark.sum" "$images_file" "$images_mark.tar" "$images_file $VERSION"
  # It shows its progress line by line, without end.
  ctr -n k8s.io images import "$images_mark.tar" >/dev/null ||
    fail "containerd does not take $images_file $VERSION" "see above; make it by ctr images export or docker save (docs/kubeadm.md)"
  images_left=$(images_missing)
  [ -z "$images_left" ] ||
    fail "$images_file $VERSION lacks$images_left" "make it of all that kubeadm config images list prints, for linux/$images_arch (docs/kubeadm.md)"
  rm -f "$images_mark.tar"
  mv "$images_mark.sum" "$images_mark"
  changed images "gave containerd the images of Kubernetes $VERSION"
}

rm -f "$images_mark.tar" "$images_mark.sum" # of a run that did not end
if [ "${AIRGAP:-no}" = yes ]; then
  images_get "$images_file.sha256" "$images_mark.sum"
  images_left=$(images_missing)
  if [ -n "$images_left" ] || ! cmp -s "$images_mark.sum" "$images_mark"; then import_images; fi
  rm -f "$images_mark.sum"
else
  rm -f "$images_mark"
fi
