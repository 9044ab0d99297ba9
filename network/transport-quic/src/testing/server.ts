import type { Connection, ConnectionLimits, Listener } from "@qpc/transport"
import { makeCertificate, readCertificate } from "../certificate.ts"
import type { ServerCertificate } from "../certificate.ts"
import type { DialOptions } from "../dial.ts"
import { memoryKnownServers } from "../known-servers.ts"
import { listen } from "../listen.ts"
import type { ListenOptions } from "../listen.ts"

/** A listener on the loopback that sends back what it receives. */
export interface EchoServer extends AsyncDisposable {
  readonly listener: Listener
  readonly certificate: ServerCertificate
  /** Connections so far, with those that ended. */
  readonly accepted: readonly Connection[]
  /** Options that reach this server, pinned by its fingerprint. */
  readonly dialOptions: DialOptions
}

/** Makes a certificate for the loopback that is valid now. */
export function loopbackCertificate(privateKeyPem?: string): ServerCertificate {
  const request = { names: ["localhost", "127.0.0.1"], days: 30, now: new Date() }
  return makeCertificate(privateKeyPem === undefined ? request : { ...request, privateKeyPem })
}

/** Listens with `options` on top of a free port and a fresh certificate. */
export async function echoServer(options: Partial<ListenOptions> = {}): Promise<EchoServer> {
  const certificate = options.certificate ?? loopbackCertificate()
  const listener = await listen({ host: "127.0.0.1", port: 0, ...options, certificate })
  const accepted: Connection[] = []
  const serving = serve(listener, accepted)
  const { fingerprint } = readCertificate(certificate.certificatePem)
  return {
    listener,
    certificate,
    accepted,
    dialOptions: { ...listener.address, pin: { fingerprint, store: memoryKnownServers() } },
    [Symbol.asyncDispose]: async () => {
      await Promise.all([listener.close(), ...accepted.map(async (connection) => await connection.close())])
      await serving
    },
  }
}

async function serve(listener: Listener, accepted: Connection[]): Promise<void> {
  const served: Promise<void>[] = []
  for await (const connection of listener.connections) {
    accepted.push(connection)
    served.push(echo(connection).catch(() => {})) // The client's side of the test reports.
  }
  await Promise.all(served)
}

async function echo(connection: Connection): Promise<void> {
  for await (const chunk of connection.incoming) await connection.write(chunk.slice())
  await connection.finish()
}

/** Sends a byte there and back. */
export async function echoes(connection: Connection): Promise<boolean> {
  const reader = connection.incoming[Symbol.asyncIterator]()
  await connection.write(Uint8Array.of(42))
  const { value } = await reader.next()
  return value?.[0] === 42
}

/** Notices a dead network soon enough for a test. */
export const IMPATIENT: ConnectionLimits = { keepAliveMs: 400, missedKeepAlives: 3 }
