import type { Backend } from "../../core/contributions";
import type { EnvoyConfig } from "./schema";

/** Container ports, all above 1024, so that Envoy needs no capability; the kubelet maps 80 and 443 of the node to the first two. */
export const PORTS = { http: 8080, https: 8443, stats: 8090 } as const;

/** The admin interface can stop the server, so it listens on a socket inside the pod only. */
export const ADMIN_SOCKET = "/run/envoy/admin.sock";

/** Buffers per connection; Envoy's edge guide advises 32 KiB against slow or hostile peers (envoyproxy.io, Configuring Envoy as an edge proxy). */
const BUFFER_BYTES = 32 * 1024;

/** Where connections go: Envoy knows nothing but this one Service. */
export type Target = Omit<Backend, "namespace"> & { namespace: string };

const type = (name: string): string => `type.googleapis.com/envoy.${name}`;

/** Envoy's whole configuration; static, so that nothing outside the file can change where visitors go. */
export function bootstrap(config: EnvoyConfig, target: Target, heapBytes: number): Record<string, unknown> {
  return {
    node: { id: "edge", cluster: "envoy" },
    admin: { address: { pipe: { path: ADMIN_SOCKET, mode: 0o600 } } },
    static_resources: {
      listeners: [edgeListener("http", config), edgeListener("https", config), statsListener()],
      clusters: [backendCluster("http", target.http, config, target), backendCluster("https", target.https, config, target), adminCluster()],
    },
    overload_manager: overloadManager(config, heapBytes),
    // A name that counts per stream would be a name per visitor; what is left is a few dozen series per node.
    stats_config: { stats_matcher: { inclusion_list: { patterns: ["cluster.", "listener.", "tcp.", "server.", "overload."].map((prefix) => ({ prefix })) } } },
  };
}

function edgeListener(name: "http" | "https", config: EnvoyConfig): Record<string, unknown> {
  return {
    name,
    stat_prefix: name,
    address: socket("0.0.0.0", PORTS[name]),
    per_connection_buffer_limit_bytes: BUFFER_BYTES,
    ...(config.acceptProxyProtocol
      ? {
          listener_filters: [
            { name: "envoy.filters.listener.proxy_protocol", typed_config: { "@type": type("extensions.filters.listener.proxy_protocol.v3.ProxyProtocol") } },
          ],
          listener_filters_timeout: "5s",
        }
      : {}),
    filter_chains: [
      {
        filters: [
          {
            name: "envoy.filters.network.tcp_proxy",
            typed_config: {
              "@type": type("extensions.filters.network.tcp_proxy.v3.TcpProxy"),
              stat_prefix: name,
              cluster: name,
              idle_timeout: config.idleTimeout,
              max_connect_attempts: 3, // a pod that just went must not cost a visitor the connection
              ...(config.accessLog ? { access_log: [accessLog()] } : {}),
            },
          },
        ],
      },
    ],
  };
}

/** Who connected, for how long, how much, and why it ended. */
function accessLog(): Record<string, unknown> {
  return {
    name: "envoy.access_loggers.stdout",
    typed_config: {
      "@type": type("extensions.access_loggers.stream.v3.StdoutAccessLog"),
      log_format: {
        json_format: {
          time: "%START_TIME%",
          client: "%DOWNSTREAM_REMOTE_ADDRESS%",
          port: "%DOWNSTREAM_LOCAL_PORT%",
          upstream: "%UPSTREAM_HOST%",
          duration_ms: "%DURATION%",
          received: "%BYTES_RECEIVED%",
          sent: "%BYTES_SENT%",
          flags: "%RESPONSE_FLAGS%",
          failure: "%UPSTREAM_TRANSPORT_FAILURE_REASON%",
          closed_by: "%CONNECTION_TERMINATION_DETAILS%",
        },
      },
    },
  };
}

function backendCluster(name: "http" | "https", port: number, config: EnvoyConfig, target: Target): Record<string, unknown> {
  const speaksProxy = config.proxyProtocol && target.proxyProtocol;
  return {
    name,
    type: "STRICT_DNS",
    connect_timeout: "5s",
    dns_lookup_family: "V4_PREFERRED",
    per_connection_buffer_limit_bytes: BUFFER_BYTES,
    // The limit is on visitors (see the overload manager); here it must only not be lower, as its default of 1024 is.
    circuit_breakers: {
      thresholds: [{ max_connections: config.maxConnections, max_pending_requests: config.maxConnections, max_requests: config.maxConnections }],
    },
    upstream_connection_options: { tcp_keepalive: { keepalive_time: 300 } },
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: socket(`${target.service}.${target.namespace}.svc`, port) } }] }],
    },
    ...(speaksProxy
      ? {
          transport_socket: {
            name: "envoy.transport_sockets.upstream_proxy_protocol",
            typed_config: {
              "@type": type("extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport"),
              config: { version: "V2" },
              transport_socket: {
                name: "envoy.transport_sockets.raw_buffer",
                typed_config: { "@type": type("extensions.transport_sockets.raw_buffer.v3.RawBuffer") },
              },
            },
          },
        }
      : {}),
  };
}

/** For probes and Prometheus: two pages of the admin interface, for reading, and nothing else of it. */
function statsListener(): Record<string, unknown> {
  const page = (path: string): Record<string, unknown> => ({
    match: { path, headers: [{ name: ":method", string_match: { exact: "GET" } }] },
    route: { cluster: "admin", timeout: "5s" },
  });
  return {
    name: "stats",
    stat_prefix: "stats",
    address: socket("0.0.0.0", PORTS.stats),
    ignore_global_conn_limit: true, // a node full of visitors must still be seen to be alive
    per_connection_buffer_limit_bytes: BUFFER_BYTES,
    filter_chains: [
      {
        filters: [
          {
            name: "envoy.filters.network.http_connection_manager",
            typed_config: {
              "@type": type("extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"),
              stat_prefix: "stats",
              stream_idle_timeout: "30s",
              request_timeout: "10s",
              common_http_protocol_options: { idle_timeout: "60s", max_headers_count: 50 },
              route_config: {
                virtual_hosts: [
                  {
                    name: "stats",
                    domains: ["*"],
                    routes: [
                      { match: { path: "/live" }, direct_response: { status: 200, body: { inline_string: "live\n" } } },
                      page("/ready"),
                      page("/stats/prometheus"),
                    ],
                  },
                ],
              },
              http_filters: [{ name: "envoy.filters.http.router", typed_config: { "@type": type("extensions.filters.http.router.v3.Router") } }],
            },
          },
        ],
      },
    ],
  };
}

function adminCluster(): Record<string, unknown> {
  return {
    name: "admin",
    type: "STATIC",
    connect_timeout: "1s",
    load_assignment: { cluster_name: "admin", endpoints: [{ lb_endpoints: [{ endpoint: { address: { pipe: { path: ADMIN_SOCKET } } } }] }] },
  };
}

/** Refuses visitors before memory runs out: a killed proxy drops all connections, a full one only the new ones. */
function overloadManager(config: EnvoyConfig, heapBytes: number): Record<string, unknown> {
  const trigger = (name: string, value: number): Record<string, unknown> => ({ name, threshold: { value } });
  const heap = "envoy.resource_monitors.fixed_heap";
  return {
    refresh_interval: "0.25s",
    resource_monitors: [
      { name: heap, typed_config: { "@type": type("extensions.resource_monitors.fixed_heap.v3.FixedHeapConfig"), max_heap_size_bytes: heapBytes } },
      {
        name: "envoy.resource_monitors.global_downstream_max_connections",
        typed_config: {
          "@type": type("extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig"),
          max_active_downstream_connections: config.maxConnections,
        },
      },
    ],
    actions: [
      { name: "envoy.overload_actions.shrink_heap", triggers: [trigger(heap, 0.9)] },
      { name: "envoy.overload_actions.stop_accepting_connections", triggers: [trigger(heap, 0.95)] },
    ],
  };
}

function socket(address: string, port: number): Record<string, unknown> {
  return { socket_address: { address, port_value: port } };
}
