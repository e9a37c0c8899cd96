# shellcheck shell=sh
# Puts the archive of the images that a product brings where it looks before it asks a registry, and takes it away where hosts may
# ask. Builds on release.sh.
# Settings: PRODUCT, VERSION, ARTIFACTS, AIRGAP (yes: the archive is needed)
#           IMAGES_DIR: the folder. In names @ stands for the architecture:
#           IMAGES_NAMES: what the archive may be called in a release; the list of checksums, IMAGES_SUMS, has one of them.
#           IMAGES_AS: its name in the folder
# Secrets:  none
# Output:   nothing

take_lock node

images_folder=$ROOT$IMAGES_DIR
images_mark=$STATE_DIR/$PRODUCT.images
images_arch=$(host_arch amd64 arm64)

# images_name TEXT
images_name() { printf '%s' "$1" | sed "s/@/$images_arch/g"; }
images_file=$(images_name "$IMAGES_AS")

# The first of the names that the list of checksums has.
images_listed() {
  for images_one in $(images_name "$IMAGES_NAMES"); do
    if awk -v name="$images_one" '{ sub(/^\*/, "", $2) } $2 == name { found = 1 } END { exit !found }' "$1"; then
      printf '%s' "$images_one"
      return 0
    fi
  done
  fail "the list of checksums of $PRODUCT $VERSION names no archive of images for $images_arch" "put the whole release into the mirror"
}

# Every archive in the folder is read, so a new one is proved next to it and takes the place of the old one in one step.
install_images() {
  say "getting the images of $PRODUCT $VERSION"
  (umask 022 && mkdir -p "$images_folder" "$images_folder.new")
  get_release "$VERSION" "$(images_name "$IMAGES_SUMS")" "$images_folder.new/sums"
  images_from=$(images_listed "$images_folder.new/sums")
  get_release "$VERSION" "$images_from" "$images_folder.new/images"
  checked_by "$images_folder.new/sums" "$images_from" "$images_folder.new/images" "$images_from $VERSION"
  chmod 600 "$images_folder.new/images"
  mkdir -p "$STATE_DIR"
  printf 'no\n' >"$images_mark" # before the exchange: a run that ends in between gets it again
  mv "$images_folder.new/images" "$images_folder/$images_file"
  rm -rf "$images_folder.new"
  printf '%s\n' "$VERSION" >"$images_mark"
  changed images "put the images of $PRODUCT $VERSION in place"
}

if [ "${AIRGAP:-no}" = yes ]; then
  images_has=$(cat "$images_mark" 2>/dev/null || true)
  if [ "$images_has" != "$VERSION" ] || [ ! -f "$images_folder/$images_file" ]; then install_images; fi
elif [ -f "$images_mark" ]; then
  rm -f "$images_folder/$images_file" "$images_mark"
  changed images "removed the archive of images"
fi
