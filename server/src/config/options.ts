/** How the text of an option is read. */
type OptionKind = "text" | "flag" | "count" | "size" | "duration" | "rate"

/** The name of any option. */
export type OptionName =
  | "listen"
  | "public-name"
  | "data-dir"
  | "db-key"
  | "db-key-file"
  | "store-backend"
  | "store-limit"
  | "tls-cert"
  | "tls-key"
  | "quic"
  | "production"
  | "registration"
  | "drain-timeout"
  | "rpc-timeout"
  | "log-level"
  | "queue-depth"
  | "queue-bytes"
  | "payload-limit"
  | "deliveries-per-batch"
  | "recipients-per-batch"
  | "members-per-channel"
  | "retention"
  | "remembered-ids"
  | "commit-log-epochs"
  | "commit-log-bytes"
  | "commit-log-lifetime"
  | "push-window"
  | "push-window-bytes"
  | "key-package-stock"
  | "key-package-limit"
  | "key-package-lifetime"
  | "request-rate"
  | "address-rate"
  | "fetch-rate"
  | "fetch-rate-of-one"
  | "login-rate-of-name"
  | "login-rate-of-name-anywhere"
  | "login-rate-from-address"
  | "registration-rate"
  | "rate-keys"
  | "session-lifetime"
  | "sessions-per-identity"
  | "devices-per-identity"
  | "connections"
  | "connections-from-address"
  | "connections-of-identity"
  | "login-within"
  | "sweep-interval"
  | "sweep-rows"

/** One row of the table that flags, variables, the file, `--help` and the documentation are made of. */
export interface OptionRow {
  /** `queue-depth` is `--queue-depth`, `QPC_QUEUE_DEPTH`, and `queue_depth` in the file. */
  readonly name: OptionName
  readonly kind: OptionKind
  /** As it would be written. */
  readonly fallback: string
  /** What it stands for in `--help`. */
  readonly placeholder?: string
  readonly help: string
  /** Not a flag, because everybody on the machine can read a process's flags; never printed. */
  readonly isSecret?: boolean
  readonly group: "server" | "limits"
}

const SERVER_OPTIONS: readonly Omit<OptionRow, "group">[] = [
  {
    name: "listen",
    kind: "text",
    fallback: "0.0.0.0:7000",
    placeholder: "HOST:PORT",
    help: "where to listen, UDP and TCP; port 0 takes a free one",
  },
  {
    name: "public-name",
    kind: "text",
    fallback: "",
    placeholder: "NAMES",
    help: "DNS names or addresses clients use, separated by commas; the first stands in the printed address",
  },
  { name: "data-dir", kind: "text", fallback: "qpc-server-data", placeholder: "DIR", help: "everything it keeps" },
  {
    name: "db-key",
    kind: "text",
    fallback: "",
    help: "the database key itself: 64 hexadecimal digits, or a passphrase",
    isSecret: true,
  },
  {
    name: "db-key-file",
    kind: "text",
    fallback: "",
    placeholder: "FILE",
    help: "holds the database key: 64 hexadecimal digits, or a passphrase; else one is made",
  },
  { name: "store-backend", kind: "text", fallback: "sqlite", placeholder: "NAME", help: "sqlite" },
  { name: "store-limit", kind: "size", fallback: "0", placeholder: "SIZE", help: "largest store; 0: the disk decides" },
  { name: "tls-cert", kind: "text", fallback: "", placeholder: "FILE", help: "certificate (PEM); else one is made" },
  { name: "tls-key", kind: "text", fallback: "", placeholder: "FILE", help: "its private key (PEM, P-256)" },
  { name: "quic", kind: "flag", fallback: "true", help: "false: TLS over TCP alone" },
  { name: "production", kind: "flag", fallback: "false", help: "refuse made-up certificates and weak or made-up keys" },
  { name: "registration", kind: "text", fallback: "open", placeholder: "open|closed", help: "who may make accounts" },
  { name: "drain-timeout", kind: "duration", fallback: "30s", placeholder: "TIME", help: "to finish calls at the end" },
  { name: "rpc-timeout", kind: "duration", fallback: "30s", placeholder: "TIME", help: "for one call" },
  { name: "log-level", kind: "text", fallback: "info", placeholder: "LEVEL", help: "error, warn, info, debug, silent" },
]

const LIMIT_OPTIONS: readonly Omit<OptionRow, "group">[] = [
  { name: "queue-depth", kind: "count", fallback: "1000", help: "unread envelopes in one inbox" },
  { name: "queue-bytes", kind: "size", fallback: "256MiB", help: "the same in bytes" },
  { name: "payload-limit", kind: "size", fallback: "4190208", help: "one envelope; at most 4190208 bytes" },
  { name: "deliveries-per-batch", kind: "count", fallback: "256", help: "payloads in one batch" },
  { name: "recipients-per-batch", kind: "count", fallback: "4096", help: "recipients in one batch" },
  { name: "members-per-channel", kind: "count", fallback: "4096", help: "members of one channel" },
  { name: "retention", kind: "duration", fallback: "7d", help: "how long unread envelopes are kept" },
  { name: "remembered-ids", kind: "count", fallback: "1000000", help: "message ids remembered for one sender" },
  {
    name: "commit-log-epochs",
    kind: "count",
    fallback: "1000",
    help: "commits kept for those who missed them, a channel",
  },
  { name: "commit-log-bytes", kind: "size", fallback: "64MiB", help: "the same in bytes" },
  { name: "commit-log-lifetime", kind: "duration", fallback: "90d", help: "how long a commit is kept for them" },
  { name: "push-window", kind: "count", fallback: "64", help: "pushed and unacknowledged on one connection" },
  { name: "push-window-bytes", kind: "size", fallback: "16MiB", help: "the same in bytes" },
  { name: "key-package-stock", kind: "count", fallback: "200", help: "unused key packages of one identity" },
  { name: "key-package-limit", kind: "size", fallback: "64KiB", help: "one key package" },
  { name: "key-package-lifetime", kind: "duration", fallback: "90d", help: "how far ahead one may expire" },
  { name: "request-rate", kind: "rate", fallback: "50/1s", help: "calls of one identity" },
  { name: "address-rate", kind: "rate", fallback: "200/1s", help: "calls from one address before it has a session" },
  { name: "fetch-rate", kind: "rate", fallback: "600/1h", help: "key packages one identity fetches" },
  { name: "fetch-rate-of-one", kind: "rate", fallback: "30/1h", help: "key packages one fetches of one other" },
  { name: "login-rate-of-name", kind: "rate", fallback: "10/5m", help: "failed logins under one name, one address" },
  { name: "login-rate-of-name-anywhere", kind: "rate", fallback: "100/5m", help: "failed logins under one name" },
  { name: "login-rate-from-address", kind: "rate", fallback: "100/5m", help: "failed logins from one address" },
  { name: "registration-rate", kind: "rate", fallback: "200/1h", help: "new accounts from one address" },
  { name: "rate-keys", kind: "count", fallback: "20000", help: "names or addresses each limiter remembers" },
  { name: "session-lifetime", kind: "duration", fallback: "30d", help: "how long a login lasts" },
  { name: "sessions-per-identity", kind: "count", fallback: "16", help: "the oldest ends beyond" },
  { name: "devices-per-identity", kind: "count", fallback: "5", help: "more are refused" },
  { name: "connections", kind: "count", fallback: "10000", help: "at a time" },
  { name: "connections-from-address", kind: "count", fallback: "1000", help: "at a time" },
  { name: "connections-of-identity", kind: "count", fallback: "16", help: "the oldest is closed beyond" },
  { name: "login-within", kind: "duration", fallback: "60s", help: "or a connection is closed" },
  { name: "sweep-interval", kind: "duration", fallback: "60s", help: "how often expired rows are removed" },
  { name: "sweep-rows", kind: "count", fallback: "1000", help: "removed in one go" },
]

/** Every option of `qpc-server` but `--config`, `--help`, `--version`, `--json` and `--print-config`. */
export const optionRows: readonly OptionRow[] = [
  ...SERVER_OPTIONS.map((row) => Object.assign({ group: "server" as const }, row)),
  ...LIMIT_OPTIONS.map((row) => Object.assign({ group: "limits" as const }, row)),
]

/** The environment variable of an option. */
export const variableOf = (name: string): string => `QPC_${name.toUpperCase().replaceAll("-", "_")}`
/** The key of an option in `qpc-server.toml`. */
export const fileKeyOf = (name: string): string => name.replaceAll("-", "_")
