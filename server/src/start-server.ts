import { hostname } from "node:os"
import { nodeRandom, suite0001 } from "@qpc/crypto/node"
import { TransportError } from "@qpc/transport"
import type { Listener } from "@qpc/transport"
import { formatServerAddress, listen, toFingerprint } from "@qpc/transport-quic"
import type { ServerCertificate } from "@qpc/transport-quic"
import { loadCertificate } from "./certificate.ts"
import { systemServerClock } from "./clock.ts"
import type { ServerClock } from "./clock.ts"
import { toConfiguration } from "./config/configuration.ts"
import type { Configuration, OptionTexts } from "./config/configuration.ts"
import { loadStoreKey, openDataDirectory } from "./data-directory.ts"
import type { DataDirectory } from "./data-directory.ts"
import { StartError } from "./exit-code.ts"
import { logFault, logObservation, openLog } from "./log.ts"
import type { Observe } from "./observe.ts"
import { Server } from "./server.ts"
import type { Fault } from "./fault.ts"
import { openSqliteStorage } from "./storage/sqlite/sqlite-storage.ts"
import { StorageError } from "./storage/storage-error.ts"
import type { Storage } from "./storage/storage.ts"
import { serverVersion } from "./version.ts"

/** What to run. Everything may be left out. */
export interface StartServerOptions {
  /** As in `qpc-server.toml`, with the names of the flags: `{ "data-dir": "…", listen: "127.0.0.1:0" }`. */
  readonly options?: OptionTexts
  /** Told about every observation, for metrics. Must not throw. */
  readonly observe?: Observe
  /** Default: the machine's own. */
  readonly clock?: ServerClock
  /** Told about warnings for the operator. Default: the log. */
  readonly onWarning?: (warning: string) => void
}

/** A server that accepts connections. */
export interface RunningServer extends AsyncDisposable {
  /** `qpc://host:port#sha256-…`: what clients need to connect to exactly this server. */
  readonly address: string
  readonly port: number
  /** Stops accepting, tells the clients, finishes their calls, lets go of the store. Idempotent. */
  close(): Promise<void>
}

/**
 * Starts a server: data directory, key, store, certificate, listener. Resolves when it accepts connections.
 *
 * @throws StartError with one line for the operator
 */
export async function startServer(options: StartServerOptions = {}): Promise<RunningServer> {
  const configuration = toConfiguration(options.options ?? {})
  const log = openLog(configuration.logLevel)
  const clock = options.clock ?? systemServerClock
  const observe: Observe = (observation) => {
    logObservation(log, observation)
    options.observe?.(observation)
  }
  const onWarning = options.onWarning ?? ((warning) => log.warn(warning))
  const directory = openDataDirectory(configuration.dataDir)
  // Before the certificate: opening the store tells whether another server lives here.
  const storage = openStore(directory, configuration, observe)
  try {
    const certificate = loadCertificate(directory, configuration, new Date(clock.unixMs()))
    if (certificate.warning !== undefined) onWarning(certificate.warning)
    const onFault = (fault: Fault): void => logFault(log, fault)
    const server = await openServer({ storage, configuration, clock, observe, onFault })
    const listener = await openListener(certificate.certificate, configuration).catch(async (error: unknown) => {
      await server.close(0)
      throw error
    })
    const serving = server.serve(listener)
    const { port } = listener.address
    const address = addressOf(configuration, port, certificate.fingerprint)
    log.info({ address, version: serverVersion() }, "listening")
    const closing = closeOnce(async () => {
      await listener.close()
      await server.close(configuration.drainTimeoutMs)
      await serving
      await storage[Symbol.asyncDispose]()
      log.info("stopped")
    })
    return { address, port, close: closing, [Symbol.asyncDispose]: closing }
  } catch (error) {
    await storage[Symbol.asyncDispose]()
    throw toStartError(error)
  }
}

/** The server behind any listener; tests put one in memory in front of it. */
export function openServer(parts: {
  readonly storage: Storage
  readonly configuration: Configuration
  readonly clock: ServerClock
  readonly observe: Observe
  readonly onFault: (fault: Fault) => void
}): Promise<Server> {
  const { configuration } = parts
  return Server.open({
    storage: parts.storage,
    suite: suite0001,
    clock: parts.clock,
    random: nodeRandom,
    limits: configuration.limits,
    rpcLimits: { callTimeoutMs: configuration.rpcTimeoutMs },
    isRegistrationOpen: configuration.isRegistrationOpen,
    version: serverVersion(),
    observe: parts.observe,
    onFault: parts.onFault,
  })
}

function openStore(directory: DataDirectory, configuration: Configuration, observe: Observe): Storage {
  const key = loadStoreKey(directory, configuration)
  try {
    return openSqliteStorage({
      file: directory.storeFile,
      key,
      sizeLimitBytes: configuration.storeLimitBytes,
      commit: { onCommit: (writes, durationMs) => observe({ kind: "committed", writes, durationMs }) },
    })
  } catch (error) {
    throw toStartError(error)
  } finally {
    key.fill(0)
  }
}

function openListener(certificate: ServerCertificate, { listen: at, quic, limits }: Configuration): Promise<Listener> {
  return listen({
    ...at,
    certificate,
    quic,
    maxConnections: limits.connections,
    maxConnectionsPerAddress: limits.connectionsFromAddress,
  })
}

function addressOf({ publicNames, listen: at }: Configuration, port: number, fingerprint: string): string {
  const isEverywhere = at.host === "0.0.0.0" || at.host === "::"
  const host = publicNames[0] ?? (isEverywhere ? hostname() : at.host)
  return formatServerAddress({ host, port, fingerprint: toFingerprint(fingerprint) })
}

/** In the words of the exit codes; passes on what is a fault of ours. */
function toStartError(error: unknown): unknown {
  if (error instanceof StorageError) {
    const exit = { full: "disk", io: "disk", corrupt: "store", wrong_key: "store", newer_schema: "store" } as const
    const isElsewhere = error.code === "busy" || error.code === "closed"
    return new StartError(isElsewhere ? "unavailable" : exit[error.code], error.message, { cause: error })
  }
  if (error instanceof TransportError) return new StartError("unavailable", error.message, { cause: error })
  return error
}

function closeOnce(close: () => Promise<void>): () => Promise<void> {
  let closing: Promise<void> | undefined
  return () => (closing ??= close())
}
