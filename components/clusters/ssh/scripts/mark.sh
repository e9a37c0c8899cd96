# shellcheck shell=sh
# Makes labels and taints of a node what the config says: a kubelet tells those that it has only once, when it joins. Which ones
# are ours is remembered in annotations of the node, so that those of others stay. Builds on the lib.sh of the product: kube.
# Settings: NODE, LABELS ("name=value ..."), TAINTS ("key=value:effect ...")
# Secrets:  none
# Output:   nothing

take_lock "mark-$NODE"
set -f # words are taken as they are

mark_node() { kube --request-timeout=15s get node "$NODE" --ignore-not-found -o "$1"; }

# A kubelet that has just started may not have told of its node yet.
mark_is_known() { [ -n "$(mark_node name)" ]; }
wait_for 60 "the node $NODE" mark_is_known || fail "the cluster does not know the node $NODE" "see the journal on that host, then run again"

mark_had_labels=$(mark_node 'jsonpath={.metadata.annotations.bearstack\.dev/labels}')
mark_had_taints=$(mark_node 'jsonpath={.metadata.annotations.bearstack\.dev/taints}')

# has WORD LIST
has() { case " $2 " in *" $1 "*) return 0 ;; *) return 1 ;; esac }

# names LIST: what comes before the equals sign of each.
names() { for mark_word in $1; do printf '%s ' "${mark_word%%=*}"; done; }

mark_labels() {
  mark_new=$(names "$LABELS")
  # shellcheck disable=SC2086 # each is a word
  set -- $LABELS
  for mark_name in $(names "$mark_had_labels"); do has "$mark_name" "$mark_new" || set -- "$@" "$mark_name-"; done
  [ $# -gt 0 ] || return 0
  case $(kube label node "$NODE" --overwrite "$@") in
    *' not labeled'*) ;;
    *) changed mark "labelled $NODE: $*" ;;
  esac
}

# places LIST: key and effect of each, without the value; they name a taint.
places() { for mark_word in $1; do printf '%s:%s ' "$(printf '%s' "${mark_word%:*}" | cut -d = -f 1)" "${mark_word##*:}"; done; }

mark_taints() {
  mark_now=$(mark_node 'jsonpath={range .spec.taints[*]}{.key}={.value}:{.effect} {end}')
  mark_new=$(places "$TAINTS")
  set --
  for mark_taint in $TAINTS; do
    mark_full=$mark_taint
    case $mark_full in *=*) ;; *) mark_full=${mark_full%:*}=:${mark_full##*:} ;; esac
    has "$mark_full" "$mark_now" || set -- "$@" "$mark_taint"
  done
  for mark_place in $(places "$mark_had_taints"); do
    if ! has "$mark_place" "$mark_new" && has "$mark_place" "$(places "$mark_now")"; then set -- "$@" "$mark_place-"; fi
  done
  [ $# -gt 0 ] || return 0
  kube taint node "$NODE" --overwrite "$@" >&2
  changed mark "tainted $NODE: $*"
}

if [ "$mark_had_labels" != "$LABELS" ] || [ "$mark_had_taints" != "$TAINTS" ]; then
  mark_labels
  mark_taints
  kube annotate node "$NODE" --overwrite "bearstack.dev/labels=$LABELS" "bearstack.dev/taints=$TAINTS" >&2
fi
