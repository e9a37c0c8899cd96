# shellcheck shell=sh
# What scripts about snapshots and tokens share. Functions only; builds on lib.sh.
# Settings: none
# Secrets:  none
# Output:   nothing

CONFIG_FILE=$ROOT/etc/rancher/k3s/config.yaml
data_tokens=$ROOT/etc/rancher/k3s/tokens-before
# shellcheck disable=SC2034 # scripts about snapshots use it
SNAPSHOT_DIR=$ROOT/var/lib/rancher/k3s/server/db/snapshots

# snapshot_time FILE: k3s puts it at the end of the name.
snapshot_time() {
  data_time=${1%.zip}
  data_time=${data_time##*-}
  case $data_time in
    '' | *[!0-9]*) stat -c %Y "$1" ;;
    *) printf '%s\n' "$data_time" ;;
  esac
}

# write_snapshot NAME
write_snapshot() { "$ROOT/usr/local/bin/k3s" etcd-snapshot save --name "$1"; }

# config_value KEY: of a top level key with a plain value.
config_value() { sed -n "s/^$1: *//p" "$CONFIG_FILE" 2>/dev/null | tr -d "\"'"; }

# secret_of TOKEN: without the part that names the certificate authority.
secret_of() { printf '%s' "${1##*::*:}"; }

# config_with TOKEN [JOIN]: the config with another token, and another line about how this server came in. Line by line, and
# by the shell alone: a token must not be in the list of processes.
config_with() {
  data_join=no
  while IFS= read -r data_line; do
    case $data_line in
      token:*) printf 'token: "%s"\n' "$1" ;;
      server:* | cluster-init:*)
        data_join=yes
        printf '%s\n' "${2:-$data_line}"
        ;;
      *) printf '%s\n' "$data_line" ;;
    esac
  done <"$CONFIG_FILE"
  [ "$data_join" = yes ] || [ -z "${2:-}" ] || printf '%s\n' "$2"
}

# keep_token TOKEN: one that is replaced now. Snapshots of before cannot be opened without it.
keep_token() {
  [ -n "$1" ] || return 0
  printf '%s %s\n' "$(date +%s)" "$(secret_of "$1")" >>"$data_tokens"
  chmod 600 "$data_tokens"
}

# token_for UNIX TOKEN: that it was the one at this very second. Other times keep theirs.
token_for() {
  data_before=$(token_at "$(($1 - 1))")
  {
    cat "$data_tokens" 2>/dev/null || true
    [ -z "$data_before" ] || printf '%s %s\n' "$1" "$(secret_of "$data_before")"
    printf '%s %s\n' "$(($1 + 1))" "$2"
  } | sort -n -s -k 1,1 >"$data_tokens.new"
  mv "$data_tokens.new" "$data_tokens"
}

# token_at UNIX: the token of the cluster at a time: the first that was replaced later, or that of now.
token_at() {
  data_found=$(awk -v at="$1" '$1 > at { print $2; exit }' "$data_tokens" 2>/dev/null || true)
  [ -n "$data_found" ] || data_found=$(config_value token)
  printf '%s' "$data_found"
}
