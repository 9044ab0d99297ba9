import {
  type Client,
  type Identity,
  openClient as openSdkClient,
  readIdentity,
  type Store,
  type TraceLine,
} from "@qpc/sdk"
import { hasSqliteStore, knownServers, nodeClientParts, openSqliteStore } from "@qpc/sdk/node"
import { dialer, parseServerAddress, type ServerAddress } from "@qpc/transport-quic"
import type { CommandContext, GlobalOptions } from "./command.ts"
import { damagedText } from "./text.ts"
import { UsageError } from "./usage-error.ts"

/** What a client on this machine is opened with. */
export interface OpenOptions {
  readonly folder: string
  readonly password: string
  /** Where the server is; without it, where it was when registering. */
  readonly serverAddress: string | undefined
  readonly transport: GlobalOptions["transport"]
  readonly onTrace?: (line: TraceLine) => void
  /** Called when a server's key is trusted only because it is the first one seen. */
  readonly onFirstContact?: (server: string, fingerprint: string) => void
}

/** A client, and who it belongs to. */
export interface Opened extends AsyncDisposable {
  readonly client: Client
  readonly identity: Identity
}

/**
 * Opens the profile of a command and wakes its client.
 *
 * @throws UsageError, ClientError
 */
export async function openProfile(context: CommandContext): Promise<Opened> {
  const { name } = context.profile
  assertProfile(context)
  const client = await openClient(await openOptions(context))
  const identity = client.whoami()
  if (identity === undefined || !identity.isRegistered) {
    await client.close()
    throw new UsageError(
      `The profile ${name} is not registered yet.`,
      "Finish it: qpc --server ADDRESS register-user NAME",
      "notFound",
    )
  }
  // What is on its way back is the doctor's to tell.
  const damaged = client.damagedGroups().filter(({ damage }) => damage !== "keys_deleted")
  for (const group of damaged) context.output.note(damagedText(group))
  return { client, identity, [Symbol.asyncDispose]: () => client.close() }
}

/** @throws UsageError if there is no profile, before anything is made or asked */
export function assertProfile({ profile: { folder, name } }: CommandContext): void {
  if (hasSqliteStore(folder)) return
  throw new UsageError(`There is no profile ${name}.`, "Make one: qpc --server ADDRESS register-user NAME", "notFound")
}

/** Opens the profile of a command for registering, making it if there is none. */
export async function createProfile(context: CommandContext): Promise<Client> {
  const isNamed = (context.options.server ?? context.environment["QPC_SERVER"]) !== undefined
  // Before the password is chosen and a folder made for nothing.
  if (!isNamed && !hasSqliteStore(context.profile.folder)) throw noServer()
  return await openClient(await openOptions(context))
}

function noServer(): UsageError {
  return new UsageError("No server is named.", "Add --server qpc://host:port#sha256-… or set QPC_SERVER.")
}

/** Opens, or makes, the profile in a folder and wakes its client. */
export async function openClient(options: OpenOptions): Promise<Client> {
  const { folder, password } = options
  if (options.serverAddress !== undefined) parseAddress(options.serverAddress)
  return wakeClient(options, await openSqliteStore({ folder, password }))
}

/** Wakes the client of an opened profile. Takes ownership of the store. @throws UsageError, ClientError */
export async function wakeClient(options: OpenOptions, store: Store): Promise<Client> {
  const { password, onTrace } = options
  try {
    const serverAddress = options.serverAddress ?? (await readIdentity(store))?.serverAddress
    if (serverAddress === undefined || serverAddress === "") {
      throw noServer()
    }
    return await openSdkClient({
      ...nodeClientParts(),
      store,
      serverAddress,
      dial: dialer(dialOptions(options, parseAddress(serverAddress), store)),
      password: () => Promise.resolve(password),
      ...(onTrace === undefined ? {} : { onTrace }),
    })
  } catch (error) {
    await store.close()
    throw error
  }
}

/** What the profile of a command is opened with. Asks for its password. */
export async function openOptions(context: CommandContext): Promise<OpenOptions> {
  const { options, environment, output, profile } = context
  return {
    folder: profile.folder,
    password: await context.password(),
    serverAddress: options.server ?? environment["QPC_SERVER"],
    transport: options.transport,
    onFirstContact: (server, fingerprint) => {
      output.note(`First contact with ${server}; its key is ${fingerprint}. Compare it with what its operator says.`)
    },
    ...(options.trace ? { onTrace: (line) => output.trace(line) } : {}),
  }
}

function dialOptions(
  { transport, onFirstContact }: OpenOptions,
  address: ServerAddress,
  store: Store,
): Parameters<typeof dialer>[0] {
  const servers = knownServers(store)
  return {
    ...address,
    transport,
    pin: {
      ...(address.fingerprint === undefined ? {} : { fingerprint: address.fingerprint }),
      store: {
        load: (server) => servers.load(server),
        save: async (server, known, why) => {
          await servers.save(server, known)
          if (why === "first_contact") onFirstContact?.(server, known.fingerprint)
        },
      },
    },
  }
}

function parseAddress(text: string): ServerAddress {
  try {
    return parseServerAddress(text)
  } catch (error) {
    if (error instanceof TypeError) throw new UsageError(`${error.message}.`)
    throw error
  }
}
