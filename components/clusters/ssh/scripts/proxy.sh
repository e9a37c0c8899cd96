# shellcheck shell=sh
# The proxies of the config in the environment of a service of systemd. Functions only.
# Settings: PROXY_HTTP, PROXY_HTTPS, PROXY_NO; each may be missing
# Secrets:  PROXY_HTTP, PROXY_HTTPS, each instead of the setting
# Output:   nothing

# plain_proxy NAME VALUE PREFIX: systemd and shells read other characters as something else.
plain_proxy() {
  case $2 in
    '') ;;
    *[!]A-Za-z0-9:/@._%~+=[-]*) fail "the proxy $1 has characters that do not belong in an address" "write those of its password in their %-form, like %40 for @" ;;
    *) printf '%s=%s\n' "$3$1" "$2" ;;
  esac
}

# keep_proxy PHASE UNIT [PREFIX]: writes the environment file of a unit, which may hold a password, or takes it away. The prefix
# goes in front of the names.
keep_proxy() {
  proxy_http=$(plain_proxy HTTP_PROXY "$(proxy_for http://)" "${3:-}")
  proxy_https=$(plain_proxy HTTPS_PROXY "$(proxy_for https://)" "${3:-}")
  proxy_text=$(printf '%s\n' "$proxy_http" "$proxy_https" | sed '/^$/d')
  [ -z "$proxy_text" ] || proxy_text="$proxy_text
${3:-}NO_PROXY=${PROXY_NO:-}"
  keep_file "$1" "$ROOT/etc/systemd/system/$2.service.env" 600 "$proxy_text"
}

# keep_proxy_beside PHASE UNIT [PREFIX]: the same for a unit that does not read such a file by itself. The file and not the
# drop-in has the values: everybody may ask systemd for those.
keep_proxy_beside() {
  keep_proxy "$@"
  proxy_folder=$ROOT/etc/systemd/system/$2.service.d
  if [ -n "$proxy_text" ]; then
    (umask 022 && mkdir -p "$proxy_folder")
    write_file "$1" "$proxy_folder/bearstack-proxy.conf" 644 "[Service]
EnvironmentFile=-/etc/systemd/system/$2.service.env"
  else
    keep_file "$1" "$proxy_folder/bearstack-proxy.conf" 644 ''
    rmdir "$proxy_folder" 2>/dev/null || true
  fi
}
