import { type Client, openClient } from "@qpc/sdk"
import { knownServers, nodeClientParts, openSqliteStore } from "@qpc/sdk/node"
import { dialer, parseServerAddress } from "@qpc/transport-quic"

/** How a test wants a person to reach the server. */
export interface Reach {
  readonly transport?: "quic" | "tls"
  /** How fast a dead server is noticed. */
  readonly answerWithinMs?: number
}

/** A client with a real store and a real connection, in this process. */
async function openPerson(folder: string, name: string, serverAddress: string, reach: Reach = {}): Promise<Client> {
  const password = `the password of ${name}`
  const store = await openSqliteStore({ folder, password })
  const address = parseServerAddress(serverAddress)
  return openClient({
    ...nodeClientParts(),
    store,
    serverAddress,
    password: () => Promise.resolve(password),
    reconnect: { baseMs: 50, capMs: 500 },
    dial: dialer({
      ...address,
      ...reach,
      pin: { fingerprint: address.fingerprint!, store: knownServers(store) },
    }),
  })
}

/** Registers, and stays connected from then on. */
export async function registerPerson(
  folder: string,
  name: string,
  serverAddress: string,
  reach?: Reach,
): Promise<Client> {
  const client = await openPerson(folder, name, serverAddress, reach)
  await client.register(name, `the password of ${name}`)
  client.connect()
  return client
}
