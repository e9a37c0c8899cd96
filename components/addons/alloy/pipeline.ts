/** Where kubelet keeps what containers write: `<namespace>_<pod>_<uid>/<container>/<n>.log`. */
const PODS = "/var/log/pods";

/** Loki refuses lines older than a week (limits_config.reject_old_samples_max_age); a first start meets many such files. */
const TOO_OLD = "167h";

interface Rule {
  from: readonly string[];
  to: string;
  regex?: string;
  replacement?: string;
}

const pod = (name: string): string => `__meta_kubernetes_pod_${name}`;

const rules: readonly Rule[] = [
  { from: ["__meta_kubernetes_namespace"], to: "namespace" },
  { from: [pod("name")], to: "pod" },
  { from: [pod("container_name")], to: "container" },
  { from: [pod("node_name")], to: "node" },
  // The first of them that is there.
  { from: [pod("label_app_kubernetes_io_name"), pod("label_app"), pod("container_name")], to: "app", regex: ";*([^;]+).*" },
  // By name, not by uid: static pods are known to the API server under another uid than to kubelet.
  {
    from: ["__meta_kubernetes_namespace", pod("name"), pod("container_name")],
    to: "__path__",
    regex: "(.+);(.+);(.+)",
    replacement: `${PODS}/\${1}_\${2}_*/\${3}/*.log`,
  },
];

/** A string as Alloy's syntax writes it: the escapes are those of Go, of which JSON's are a part. */
const text = (value: string): string => JSON.stringify(value);

function rule({ from, to, regex, replacement }: Rule): string {
  const lines = [
    `source_labels = [${from.map(text).join(", ")}]`,
    `target_label  = ${text(to)}`,
    ...(regex ? [`regex         = ${text(regex)}`] : []),
    ...(replacement ? [`replacement   = ${text(replacement)}`] : []),
  ];
  return `  rule {\n${lines.map((line) => `    ${line}`).join("\n")}\n  }`;
}

/**
 * What each Alloy does: find the pods of its own node, read their files, and push the lines to a Loki-compatible API. Files
 * instead of the API server's log endpoint, which would have to carry every line of the cluster.
 */
export function pipeline(logsUrl: string): string {
  return `logging {
  level = "warn"
}

discovery.kubernetes "pods" {
  role = "pod"

  selectors {
    role  = "pod"
    field = "spec.nodeName=" + sys.env("K8S_NODE_NAME")
  }
}

discovery.relabel "pods" {
  targets = discovery.kubernetes.pods.targets

${rules.map(rule).join("\n\n")}
}

loki.source.file "pods" {
  targets    = discovery.relabel.pods.output
  forward_to = [loki.process.pods.receiver]

  file_match {
    enabled = true
  }
}

loki.process "pods" {
  forward_to = [loki.write.logs.receiver]

  stage.cri {}

  stage.drop {
    older_than          = ${text(TOO_OLD)}
    drop_counter_reason = "too_old"
  }

  stage.label_drop {
    values = ["filename"]
  }
}

loki.write "logs" {
  endpoint {
    url                 = ${text(`${logsUrl.replace(/\/+$/, "")}/loki/api/v1/push`)}
    min_backoff_period  = "500ms"
    max_backoff_period  = "30s"
    max_backoff_retries = 120
  }
}
`;
}
