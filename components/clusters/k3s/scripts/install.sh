# shellcheck shell=sh
# Puts the k3s binary of one version and its systemd unit on this host. Starts and restarts nothing.
# Settings: VERSION, ROLE, ARTIFACTS (an https:// address, or a folder on the host)
# Secrets:  none
# Output:   nothing

take_lock node

install_bin=$ROOT/usr/local/bin/k3s
install_units=$ROOT/etc/systemd/system
case $ROLE in
  server) install_unit=k3s install_other=k3s-agent ;;
  *) install_unit=k3s-agent install_other=k3s ;;
esac
case $(uname -m) in
  aarch64 | arm64) install_arch=arm64 install_file=k3s-arm64 ;;
  *) install_arch=amd64 install_file=k3s ;;
esac

[ ! -e "$install_units/$install_other.service" ] ||
  fail "this host is a node with another role ($install_other)" "take it out of the config, run, and add it again as $ROLE"

# version_of BINARY
version_of() { "$1" --version 2>/dev/null | awk '$1 == "k3s" && $2 == "version" { print $3 }'; }

# A version as a number that grows with it: v1.36.2+k3s1 is 36002001.
version_number() {
  printf '%s\n' "$1" | awk -F '[.+]' '/^v1\.[0-9]+\.[0-9]+\+k3s[0-9]+$/ { sub("k3s", "", $4); print $2 * 1000000 + $3 * 1000 + $4 }'
}

# Data of a newer version cannot be read by an older one, and Kubernetes goes up one minor version at a time.
check_step() {
  install_from=$(version_number "$1")
  install_to=$(version_number "$VERSION")
  [ -n "$install_from" ] || fail "cannot read which version of k3s is installed ($1)" "remove $install_bin, or put a release of k3s there"
  [ "$install_to" -ge "$install_from" ] ||
    fail "k3s $1 is installed, $VERSION is older" "keep $1 or newer; to go back, restore a snapshot on new hosts"
  [ $((install_to / 1000000 - install_from / 1000000)) -le 1 ] ||
    fail "from k3s $1 to $VERSION a minor version would be skipped" "go to v1.$((install_from / 1000000 + 1)) first, then on"
}

# get NAME FILE: from the folder of this version.
get() {
  case $ARTIFACTS in
    /*)
      [ -f "$ROOT$ARTIFACTS/$VERSION/$1" ] || fail "$ARTIFACTS/$VERSION/$1 is not on this host" "copy it there from the release page of k3s"
      cp "$ROOT$ARTIFACTS/$VERSION/$1" "$2"
      ;;
    *)
      install_url=${ARTIFACTS%/}/${VERSION%%+*}%2B${VERSION#*+}/$1
      fetch "$install_url" "$2" || fail "cannot get $install_url" "check the address, and whether this host reaches it"
      ;;
  esac
}

# The new binary lies in a folder next to the old one until it is proved, then takes its place in one step. It has its own
# name there, since k3s looks at the name it is called by.
install_binary() {
  install_new=$install_bin.new
  mkdir -p "$STATE_DIR" "$install_new"
  : >"$STATE_DIR/k3s.ours" # first, so that a preflight after an interruption knows whose binary this is
  say "getting k3s $VERSION"
  get "sha256sum-$install_arch.txt" "$install_new/sums"
  get "$install_file" "$install_new/k3s"
  install_sum=$(awk -v file="$install_file" '$2 == file || $2 == "*" file { print $1 }' "$install_new/sums")
  sha256_check "$install_new/k3s" "$install_sum" ||
    fail "the checksum of $install_file $VERSION is wrong" "get it again; a mirror must hold the file and the list of the same release"
  chmod 755 "$install_new/k3s"
  [ "$(version_of "$install_new/k3s")" = "$VERSION" ] || fail "$install_file says another version than $VERSION" "put the right release into the mirror"
  mv "$install_new/k3s" "$install_bin"
  rm -rf "$install_new"
  changed install "put k3s $VERSION in place"
}

install_has=''
if [ -x "$install_bin" ]; then
  install_has=$(version_of "$install_bin" || true)
  [ "$install_has" = "$VERSION" ] || check_step "$install_has"
fi
[ "$install_has" = "$VERSION" ] || install_binary

if [ ! -e "$ROOT/usr/local/bin/kubectl" ] && [ ! -L "$ROOT/usr/local/bin/kubectl" ]; then
  ln -s k3s "$ROOT/usr/local/bin/kubectl"
  changed install "linked kubectl"
fi

# As the installer of k3s writes it. Only the main process is stopped (KillMode): pods outlive a restart of k3s.
write_file install "$install_units/$install_unit.service" 644 "[Unit]
Description=Lightweight Kubernetes ($ROLE)
Documentation=https://k3s.io
Wants=network-online.target
After=network-online.target

[Service]
Type=notify
KillMode=process
Delegate=yes
LimitNOFILE=1048576
LimitNPROC=infinity
LimitCORE=infinity
TasksMax=infinity
TimeoutStartSec=0
Restart=always
RestartSec=5s
ExecStartPre=-/sbin/modprobe br_netfilter
ExecStartPre=-/sbin/modprobe overlay
ExecStart=/usr/local/bin/k3s $ROLE

[Install]
WantedBy=multi-user.target"
