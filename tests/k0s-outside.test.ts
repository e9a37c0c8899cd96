import { describe } from "vitest";
import { outside } from "./hosts-outside";

const kind = { kind: "k0s", version: "v1.36.3+k0s.2", kubectl: "/usr/local/bin/k0s kubectl", config: "etc/k0s/k0s.yaml" };

describe("k0s on real hosts, with a stand-in for the program k0s", () =>
  outside(kind, {
    tree: "etc/k0s/certs.d",
    // The stand-in hands nothing on to a containerd, so it is k0s itself that is looked at.
    holders: (role) => {
      const unit = role === "server" ? "k0scontroller" : "k0sworker";
      return { access: "etc/k0s/containerd.d/bearstack-registries.toml", environment: `etc/systemd/system/${unit}.service.env` };
    },
    process: /^k0s (controller|worker)/,
    variable: "CONTAINERD_HTTPS_PROXY",
  }));
