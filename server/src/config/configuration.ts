import { isIPv6 } from "node:net"
import { ENVELOPE_MAX_BYTES } from "@qpc/envelope"
import { StartError } from "../exit-code.ts"
import type { Rate, ServerLimits } from "../server-limits.ts"
import { optionRows, variableOf } from "./options.ts"
import type { OptionName } from "./options.ts"
import { parseCount, parseDuration, parseFlag, parseRate, parseSize, UnitError } from "./units.ts"

/** Everything that a server can be told, read and checked. */
export interface Configuration {
  readonly listen: { readonly host: string; readonly port: number }
  /** DNS names and addresses; may be empty. */
  readonly publicNames: readonly string[]
  readonly dataDir: string
  /** A secret; "" where it is to be read from the file. */
  readonly dbKey: string
  /** "" where it is to be made in the data directory. */
  readonly dbKeyFile: string
  readonly storeLimitBytes: number
  /** "" where one is to be made. */
  readonly tlsCert: string
  readonly tlsKey: string
  readonly quic: boolean
  readonly production: boolean
  readonly isRegistrationOpen: boolean
  readonly drainTimeoutMs: number
  readonly rpcTimeoutMs: number
  readonly logLevel: LogLevel
  readonly limits: ServerLimits
}

const LOG_LEVELS = ["error", "warn", "info", "debug", "silent"] as const
/** How much is logged. */
export type LogLevel = (typeof LOG_LEVELS)[number]

/** The text of every option, by name; what is missing takes its default. */
export type OptionTexts = Readonly<Partial<Record<OptionName, string>>>

const BACKENDS = ["sqlite"]
const REGISTRATIONS = ["open", "closed"]
const WEAK_SECRET_LENGTH = 16

/**
 * Reads the texts of all options.
 *
 * @throws StartError `usage` for a value that makes no sense, `config` for what production mode refuses
 */
export function toConfiguration(texts: OptionTexts): Configuration {
  const read = new Texts(texts)
  const configuration: Configuration = {
    listen: read.with("listen", parseListen),
    publicNames: read
      .text("public-name")
      .split(",")
      .map((name) => name.trim())
      .filter((name) => name !== ""),
    dataDir: read.text("data-dir"),
    dbKey: read.text("db-key"),
    dbKeyFile: read.text("db-key-file"),
    storeLimitBytes: read.with("store-limit", parseSize),
    tlsCert: read.text("tls-cert"),
    tlsKey: read.text("tls-key"),
    quic: read.with("quic", parseFlag),
    production: read.with("production", parseFlag),
    isRegistrationOpen: read.oneOf("registration", REGISTRATIONS) === "open",
    drainTimeoutMs: read.with("drain-timeout", parseDuration),
    rpcTimeoutMs: read.positive("rpc-timeout", parseDuration),
    logLevel: read.oneOf("log-level", LOG_LEVELS) as LogLevel,
    limits: toLimits(read),
  }
  read.oneOf("store-backend", BACKENDS)
  checkTogether(configuration, texts)
  return configuration
}

function toLimits(read: Texts): ServerLimits {
  const count = (name: OptionName): number => read.positive(name, parseCount)
  const duration = (name: OptionName): number => read.positive(name, parseDuration)
  const rate = (name: OptionName): Rate => read.with(name, parseRate)
  return {
    queueDepth: count("queue-depth"),
    queueBytes: read.positive("queue-bytes", parseSize),
    payloadBytes: Math.min(read.positive("payload-limit", parseSize), ENVELOPE_MAX_BYTES),
    deliveriesPerBatch: count("deliveries-per-batch"),
    recipientsPerBatch: count("recipients-per-batch"),
    membersPerChannel: count("members-per-channel"),
    retentionMs: duration("retention"),
    rememberedIds: count("remembered-ids"),
    commitLogEpochs: count("commit-log-epochs"),
    commitLogBytes: read.positive("commit-log-bytes", parseSize),
    commitLogLifetimeMs: duration("commit-log-lifetime"),
    pushWindow: count("push-window"),
    pushWindowBytes: read.positive("push-window-bytes", parseSize),
    keyPackageStock: count("key-package-stock"),
    keyPackageBytes: read.positive("key-package-limit", parseSize),
    keyPackageLifetimeMs: duration("key-package-lifetime"),
    requests: rate("request-rate"),
    requestsFromAddress: rate("address-rate"),
    fetches: rate("fetch-rate"),
    fetchesOfOne: rate("fetch-rate-of-one"),
    loginsOfName: rate("login-rate-of-name"),
    loginsOfNameAnywhere: rate("login-rate-of-name-anywhere"),
    loginsFromAddress: rate("login-rate-from-address"),
    registrationsFromAddress: rate("registration-rate"),
    rateKeys: count("rate-keys"),
    sessionLifetimeMs: duration("session-lifetime"),
    sessionsPerIdentity: count("sessions-per-identity"),
    devicesPerIdentity: count("devices-per-identity"),
    connections: count("connections"),
    connectionsFromAddress: count("connections-from-address"),
    connectionsOfIdentity: count("connections-of-identity"),
    loginWithinMs: duration("login-within"),
    sweepEveryMs: duration("sweep-interval"),
    sweepRows: count("sweep-rows"),
  }
}

/** What no option can say alone (messenger §5, §10). */
function checkTogether(configuration: Configuration, texts: OptionTexts): void {
  const { dbKey, dbKeyFile, tlsCert, tlsKey, production, dataDir } = configuration
  if (dataDir === "") throw new StartError("usage", "data-dir is empty: name a directory")
  if (dbKey !== "" && dbKeyFile !== "") {
    throw new StartError("usage", `give ${variableOf("db-key")} or --db-key-file, not both`)
  }
  if ((tlsCert === "") !== (tlsKey === "")) throw new StartError("usage", "--tls-cert and --tls-key come together")
  if (!production) return
  if (tlsCert === "") {
    throw new StartError("config", "production mode makes no certificates: give --tls-cert and --tls-key")
  }
  if (dbKey === "" && (dbKeyFile === "" || texts["db-key"] !== undefined)) {
    throw new StartError("config", "production mode makes no database keys: give --db-key-file with a key in it")
  }
  if (dbKey !== "") checkStrong(dbKey, variableOf("db-key"))
}

/** @throws StartError `config` for a database key that production mode refuses */
export function checkStrong(secret: string, where: string): void {
  if (secret.length >= WEAK_SECRET_LENGTH && new Set(secret).size > 1) return
  throw new StartError("config", `production mode refuses the database key in ${where}: it needs 16 characters or more`)
}

function parseListen(text: string): { readonly host: string; readonly port: number } {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text) ?? []
  const host = bracketed ?? plain
  const port = Number(digits)
  const isHost = host !== undefined && (bracketed === undefined || isIPv6(bracketed))
  if (!isHost || !(port <= 65_535)) throw new UnitError("must be HOST:PORT such as 0.0.0.0:7000 or [::]:7000")
  return { host, port }
}

/** Reads single options and names the one that is wrong. */
class Texts {
  readonly #texts: OptionTexts

  constructor(texts: OptionTexts) {
    this.#texts = texts
  }

  text(name: OptionName): string {
    return this.#texts[name] ?? optionRows.find((row) => row.name === name)!.fallback
  }

  with<T>(name: OptionName, parse: (text: string) => T): T {
    try {
      return parse(this.text(name))
    } catch (error) {
      if (!(error instanceof UnitError)) throw error
      throw new StartError("usage", `${name} ${error.message}, not "${this.text(name)}"`)
    }
  }

  positive(name: OptionName, parse: (text: string) => number): number {
    const value = this.with(name, parse)
    if (value < 1) throw new StartError("usage", `${name} must be more than 0`)
    return value
  }

  oneOf(name: OptionName, words: readonly string[]): string {
    const text = this.text(name)
    if (words.includes(text)) return text
    throw new StartError("usage", `${name} must be one of ${words.join(", ")}, not "${text}"`)
  }
}
