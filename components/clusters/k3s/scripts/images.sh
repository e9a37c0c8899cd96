# shellcheck shell=sh
# Puts the archive of the images that k3s brings where it looks before it asks a registry, and takes it away where hosts may ask.
# Builds on release.sh.
# Settings: VERSION, ARTIFACTS, AIRGAP (yes: the archive is needed)
# Secrets:  none
# Output:   nothing

take_lock node

images_folder=$ROOT/var/lib/rancher/k3s/agent/images
images_mark=$STATE_DIR/k3s.images
images_arch=$(host_arch amd64 arm64)
images_file=k3s-airgap-images-$images_arch.tar.zst

# k3s reads every archive in the folder, so a new one is proved next to it and takes the place of the old one in one step.
install_images() {
  say "getting the images of k3s $VERSION"
  (umask 022 && mkdir -p "$images_folder" "$images_folder.new")
  get_release "$VERSION" "sha256sum-$images_arch.txt" "$images_folder.new/sums"
  get_release "$VERSION" "$images_file" "$images_folder.new/images"
  checked_by "$images_folder.new/sums" "$images_file" "$images_folder.new/images" "$images_file $VERSION"
  chmod 600 "$images_folder.new/images"
  mkdir -p "$STATE_DIR"
  printf 'no\n' >"$images_mark" # before the exchange: a run that ends in between gets it again
  mv "$images_folder.new/images" "$images_folder/$images_file"
  rm -rf "$images_folder.new"
  printf '%s\n' "$VERSION" >"$images_mark"
  changed images "put the images of k3s $VERSION in place"
}

if [ "${AIRGAP:-no}" = yes ]; then
  images_has=$(cat "$images_mark" 2>/dev/null || true)
  if [ "$images_has" != "$VERSION" ] || [ ! -f "$images_folder/$images_file" ]; then install_images; fi
elif [ -f "$images_mark" ]; then
  rm -f "$images_folder/$images_file" "$images_mark"
  changed images "removed the archive of images"
fi
