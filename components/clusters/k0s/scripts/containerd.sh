# shellcheck shell=sh
# Says to the containerd that k0s brings where images come from and by which proxy. Builds on registries.sh and proxy.sh.
# Settings: ROLE, VERSION, those of registries.sh and proxy.sh
# Secrets:  REGISTRIES, PROXY_HTTP, PROXY_HTTPS; each may be missing
# Output:   nothing

take_lock node

containerd_unit=k0scontroller
[ "$ROLE" = server ] || containerd_unit=k0sworker

# k0s gives this environment to all that it starts; with this prefix containerd alone takes them for proxies.
keep_proxy_beside containerd "$containerd_unit" CONTAINERD_

keep_registries containerd "$ROOT/etc/k0s/certs.d"

# k0s watches the folder and starts containerd anew when a file in it changes, so it is not restarted for that. From 1.36 on it has
# containerd 2, and does not start with a file for the one before. Without a version that one, which may still run, reads over it.
containerd_text=''
if [ -n "${REGISTRY_FILES:-}${SECRET_REGISTRIES:-}" ]; then
  containerd_minor=${VERSION#v1.}
  if [ "${containerd_minor%%.*}" -ge 36 ]; then
    containerd_text="[plugins.\"io.containerd.cri.v1.images\".registry]
  config_path = \"/etc/k0s/certs.d\"$(registries_access 2)"
  else
    containerd_text="version = 2

[plugins.\"io.containerd.grpc.v1.cri\".registry]
  config_path = \"/etc/k0s/certs.d\"$(registries_access 1)"
  fi
fi
keep_file containerd "$ROOT/etc/k0s/containerd.d/bearstack-registries.toml" 600 "$containerd_text"
