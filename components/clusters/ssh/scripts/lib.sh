# shellcheck shell=sh
# What every script builds on. It comes first in the text that runs on a host, right after the settings.
# Settings: none of its own. ROOT, empty on a host, goes in front of every path, so that tests run in a folder.
#           LOCK_SECONDS, how long to wait for another run on the same host (900).
# Secrets:  all of them, from standard input: a line "NAME <base64 of value>" each becomes SECRET_<NAME>. What follows a line
#           "FILE -" is a file, to be read from descriptor 3.
# Output:   standard output carries results only; people read standard error.

set -eu
umask 077
# Some distributions give an ssh session a short PATH.
PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
ROOT=${ROOT:-}
STATE_DIR=$ROOT/var/lib/bearstack
LOCK=''
unset KUBECONFIG # the login shell may name another cluster
export KUBECACHEDIR="$ROOT/run/bearstack-kubectl" # not the home of who logs in: nothing of it is to stay

say() { printf '%s\n' "$*" >&2; }

# fail WHAT [FIX...]
fail() {
  printf 'error: %s\n' "$1" >&2
  shift
  [ $# -eq 0 ] || printf '→ %s\n' "$@" >&2
  exit 1
}

# changed PHASE WHAT: one line in the change log of the host. A run that changes nothing adds nothing.
changed() {
  mkdir -p "$STATE_DIR"
  printf '%s %s %s\n' "$(date +%s)" "$1" "$2" >>"$STATE_DIR/changes.log"
  say "$1: $2"
}

# write_file PHASE PATH MODE TEXT: whole or not at all, and only where it differs: who watches a folder is not to see a change
# where there is none. The new one begins with a dot, since such a one (a kubelet that watches its static pods) takes what lies in it.
write_file() {
  if [ -f "$2" ] && [ "$(stat -c %a "$2")" = "$3" ] && printf '%s\n' "$4" | cmp -s - "$2"; then return 0; fi
  write_new=$(dirname "$2")/.$(basename "$2").new
  mkdir -p "$(dirname "$2")"
  printf '%s\n' "$4" >"$write_new"
  chmod "$3" "$write_new"
  mv "$write_new" "$2"
  changed "$1" "wrote $2"
}

# keep_file PHASE PATH MODE TEXT: as write_file; without a text there is no file.
keep_file() {
  if [ -n "$4" ]; then
    write_file "$@"
  elif [ -e "$2" ]; then
    rm -f "$2"
    changed "$1" "removed $2"
  fi
}

# proxy_for URL: the proxy of the config for such an address, from PROXY_HTTP and PROXY_HTTPS, a setting or a secret each.
proxy_for() {
  case $1 in
    https:*) printf '%s' "${SECRET_PROXY_HTTPS:-${PROXY_HTTPS:-}}" ;;
    *) printf '%s' "${SECRET_PROXY_HTTP:-${PROXY_HTTP:-}}" ;;
  esac
}

# fetch URL FILE: gives up on a server that sends nothing for a minute. curl is told of a proxy, which may have a password, on
# standard input.
fetch() {
  fetch_proxy=$(proxy_for "$1")
  if command -v curl >/dev/null 2>&1; then
    [ -z "$fetch_proxy" ] || fetch_proxy="proxy = \"$fetch_proxy\"
noproxy = \"${PROXY_NO:-}\""
    printf '%s\n' "$fetch_proxy" | curl -K - -fsSL --retry 3 --connect-timeout 15 --speed-limit 1 --speed-time 60 -o "$2" "$1" >&2
  elif [ -n "${SECRET_PROXY_HTTPS:-}${SECRET_PROXY_HTTP:-}" ]; then
    fail "curl is not on this host, and other programs cannot be told the password of a proxy in secret" "install curl"
  elif command -v wget >/dev/null 2>&1; then
    http_proxy=$fetch_proxy https_proxy=$fetch_proxy no_proxy=${PROXY_NO:-} wget -q -T 60 -O "$2" "$1" >&2
  else
    fail "neither curl nor wget is on this host" "install one of them, or give a folder of the host as artifacts"
  fi
}

# sha256_check FILE DIGEST
sha256_check() { [ "$(sha256sum "$1" | cut -d ' ' -f 1)" = "$2" ]; }

# clock_skew URL: by how many seconds the clocks of this host and of an API server differ, where that is half a minute or more.
# Certificates made now by the one would not be valid yet for the other. Who does not answer is no finding.
clock_skew() {
  command -v curl >/dev/null 2>&1 || return 0
  skew_there=$(curl -ksI --noproxy '*' -m 5 "$1/livez" 2>/dev/null | tr -d '\r' | awk '
    tolower($1) == "date:" { printf "%s-%02d-%s %s", $5, index("--JanFebMarAprMayJunJulAugSepOctNovDec", $4) / 3, $3, $6; exit }')
  [ -n "$skew_there" ] || return 0
  skew_there=$(date -u -d "$skew_there" +%s 2>/dev/null) || return 0
  skew=$(($(date +%s) - skew_there))
  [ "$skew" -gt -30 ] && [ "$skew" -lt 30 ] || printf '%s' "$skew"
}

# A process by number and start time, since numbers are used again. One that ended has no time, even while it is in the list.
process_id() { printf '%s-%s' "$1" "$(awk '$3 != "Z" { print $22 }' "/proc/$1/stat" 2>/dev/null)"; }

# drop_lock LINK HOLDER: of one that is dead. Others may do the same, and one of them hold it by now: it goes out of the way in one step,
# and who moved another one than that of the dead puts it back.
drop_lock() {
  mv "$1" "$1.$$" 2>/dev/null || return 0
  lock_moved=$(readlink "$1.$$" || true)
  [ "$lock_moved" = "$2" ] || ln -sn "$lock_moved" "$1" 2>/dev/null || true
  rm -f "$1.$$"
}

# take_lock NAME: one run at a time; a phase that follows another finds the lock taken already.
# The lock is a link that names its holder, since a link is made in one step: a killed run leaves no lock without a name.
# A run that lost its connection ends at its next word to standard error, so nobody waits for it long.
take_lock() {
  [ -z "$LOCK" ] || return 0
  mkdir -p "$ROOT/run"
  lock_until=$(($(date +%s) + ${LOCK_SECONDS:-900}))
  lock_told=no
  until ln -sn "$(process_id $$)" "$ROOT/run/bearstack-$1.lock" 2>/dev/null; do
    lock_holder=$(readlink "$ROOT/run/bearstack-$1.lock" || true)
    if [ -n "$lock_holder" ] && [ "$(process_id "${lock_holder%%-*}")" != "$lock_holder" ]; then
      drop_lock "$ROOT/run/bearstack-$1.lock" "$lock_holder" # its run was killed
      continue
    fi
    [ "$lock_told" = yes ] || say "waiting for another run on this host (process ${lock_holder%%-*})"
    lock_told=yes
    [ "$(date +%s)" -lt "$lock_until" ] ||
      fail "process ${lock_holder%%-*} on this host holds the lock $1" "wait for the other run to end, or end that process"
    sleep 1
  done
  LOCK=$ROOT/run/bearstack-$1.lock
  trap 'rm -f "$LOCK"' EXIT
  trap 'exit 130' HUP INT PIPE TERM
}

# wait_for SECONDS WHAT COMMAND...: until the command succeeds. Code 1 once the time is over, and 2 as soon as the command gives up
# with that. It speaks now and then: that ends a run whose connection is gone.
wait_for() {
  wait_end=$(($(date +%s) + $1))
  wait_what=$2
  shift 2
  wait_rounds=0
  while :; do
    wait_code=0
    "$@" || wait_code=$?
    case $wait_code in 0 | 2) return "$wait_code" ;; esac
    [ "$(date +%s)" -lt "$wait_end" ] || return 1
    [ $((wait_rounds % 10)) -ne 0 ] || say "waiting for $wait_what"
    wait_rounds=$((wait_rounds + 1))
    sleep 1
  done
}

# api_answers: the API of the cluster, to `kube` of the product.
api_answers() { kube --request-timeout=10s get --raw /readyz >/dev/null 2>&1 || return 1; }

is_running() { [ "$(systemctl is-active "$1" 2>/dev/null || true)" = active ]; }

# start_anew UNIT: stopped first and started without waiting: an old process must not answer for the new one, and one that cannot
# join would make systemctl wait for ever.
start_anew() {
  systemctl daemon-reload >&2
  systemctl enable "$1" >&2
  systemctl stop "$1" >&2 || true
  systemctl start --no-block "$1" >&2
}

# write_timer PHASE NAME WHAT TIMES AFTER COMMAND: a timer of systemd with its service. CALENDAR has a line for each OnCalendar=.
write_timer() {
  write_file "$1" "$ROOT/etc/systemd/system/$2.service" 644 "[Unit]
Description=$3
After=$5

[Service]
Type=oneshot
ExecStart=$6"
  write_file "$1" "$ROOT/etc/systemd/system/$2.timer" 644 "[Unit]
Description=$4

[Timer]
$(printf '%s\n' "$CALENDAR" | sed 's/^/OnCalendar=/')
RandomizedDelaySec=5min
Persistent=true

[Install]
WantedBy=timers.target"
}

# start_timer PHASE NAME STAMP: anew where its units are others than those that STAMP tells of.
start_timer() {
  timer_want=$(cat "$ROOT/etc/systemd/system/$2.timer" "$ROOT/etc/systemd/system/$2.service" | sha256sum)
  ! is_running "$2.timer" || [ "$(cat "$3" 2>/dev/null || true)" != "$timer_want" ] || return 0
  start_anew "$2.timer"
  printf '%s\n' "$timer_want" >"$3"
  changed "$1" "started $2.timer"
}

# nobody_serves PORT/PATH: none of the other servers, PEERS, may serve a cluster when one is to be started here. Two clusters out of
# one list is the worst that can happen.
nobody_serves() {
  for peer in ${PEERS:-}; do
    case $peer in *:*) peer="[$peer]" ;; esac
    ! curl -ks --noproxy '*' -m 5 -o /dev/null "https://$peer:$1" ||
      fail "a cluster was to be started here, but $peer already serves one" "take this host out of the config, run, and add it again"
  done
}

# same_time URL: fails where the clock of an API server that is to be joined is another.
same_time() {
  time_skew=$(clock_skew "$1")
  [ -z "$time_skew" ] || fail "the clock is $time_skew s away from that of $1" "set both by the same time server (chrony, systemd-timesyncd)"
}

# Once, before anything else could read standard input. Other lines are skipped: sudo leaves the password there when it
# did not have to ask. printf and read are part of the shell, so no value is ever in the process list.
read_secrets() {
  while read -r secret_name secret_value || [ -n "$secret_name" ]; do
    case "$secret_name $secret_value" in 'FILE -') exec 3<&0 && break ;; esac
    case $secret_name in '' | *[!A-Z_]*) continue ;; esac
    secret_value=$(printf '%s' "$secret_value" | base64 -d 2>/dev/null) || continue
    eval "SECRET_$secret_name=\$secret_value"
  done
  secret_value=''
  exec </dev/null
}

read_secrets
[ -n "$ROOT" ] || [ "$(id -u)" -eq 0 ] || fail "this is not root" "log in as root, or as a user who may use sudo"
