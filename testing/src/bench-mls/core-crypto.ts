import { existsSync } from "node:fs"
import { readFile } from "node:fs/promises"
import type { CommitBundle, Context, CoreCrypto, CoreCryptoModule } from "./core-crypto-api.ts"
import { catchingMemories } from "./foreign-memory.ts"
import type { Invitation, Library, Member, Newcomer, Repeatable } from "./library.ts"

const PACKAGE = new URL("../../peers/node_modules/@wireapp/core-crypto/dist/browser/", import.meta.url)
const SUITE = 1

/** A device with its own store in memory. */
interface Device {
  readonly core: CoreCrypto
  readonly clientId: object
  readonly credential: object
  /** What the device handed to its delivery service last. */
  readonly sent: { last: CommitBundle | undefined }
}

/** Undoes a transaction. */
class UndoError extends Error {
  override readonly name = "UndoError"
}

class CoreCryptoNewcomer implements Newcomer {
  readonly device: Device
  readonly keyPackage: Uint8Array
  readonly #module: CoreCryptoModule

  constructor(module: CoreCryptoModule, device: Device, keyPackage: Uint8Array) {
    this.#module = module
    this.device = device
    this.keyPackage = keyPackage
  }

  get keyPackageBytes(): number {
    return this.keyPackage.length
  }

  async join({ welcome }: Invitation): Promise<Member> {
    const opened = new this.#module.Welcome(welcome)
    const id = await this.device.core.transaction(async (context) => await context.processWelcomeMessage(opened))
    return new CoreCryptoMember(this.#module, this.device, id)
  }

  joining({ welcome }: Invitation): Repeatable {
    const { Welcome } = this.#module
    return {
      once: async () => await undone(this.device, (context) => context.processWelcomeMessage(new Welcome(welcome))),
    }
  }
}

class CoreCryptoMember implements Member {
  readonly #module: CoreCryptoModule
  readonly #device: Device
  readonly #id: object
  #context: Context | undefined
  #clients: readonly object[] = []

  constructor(module: CoreCryptoModule, device: Device, id: object) {
    this.#module = module
    this.#device = device
    this.#id = id
  }

  async add(newcomers: readonly Newcomer[]): Promise<Invitation> {
    const people = newcomers as readonly CoreCryptoNewcomer[]
    this.#clients = people.map(({ device }) => device.clientId)
    const keyPackages = people.map(({ keyPackage }) => new this.#module.KeyPackage(keyPackage))
    await this.#do(async (context) => await context.addClientsToConversation(this.#id, keyPackages))
    const { commit, welcome } = this.#device.sent.last!
    return { commit, welcome: welcome!.serialize(), tree: undefined }
  }

  adding(newcomer: Newcomer): Repeatable {
    const { keyPackage } = newcomer as CoreCryptoNewcomer
    const { KeyPackage } = this.#module
    const add = async (context: Context): Promise<void> =>
      await context.addClientsToConversation(this.#id, [new KeyPackage(keyPackage)])
    return { once: async () => await undone(this.#device, add) }
  }

  removing(leafIndex: number): Repeatable {
    const clients = [this.#clients[leafIndex - 1]!]
    const remove = async (context: Context): Promise<void> =>
      await context.removeClientsFromConversation(this.#id, clients)
    return { once: async () => await undone(this.#device, remove) }
  }

  async update(): Promise<Uint8Array> {
    await this.#do(async (context) => await context.updateKeyingMaterial(this.#id))
    return this.#device.sent.last!.commit
  }

  async follow(commit: Uint8Array): Promise<void> {
    await this.#do(async (context) => await context.decryptMessage(this.#id, commit))
  }

  async protect(text: Uint8Array): Promise<Uint8Array> {
    return await this.#do(async (context) => await context.encryptMessage(this.#id, text))
  }

  async unprotect(message: Uint8Array): Promise<void> {
    const { tag } = await this.#do(async (context) => await context.decryptMessage(this.#id, message))
    if (tag !== "Text") throw new Error(`unreachable: a ${tag}`)
  }

  async exportSecret(): Promise<unknown> {
    return await this.#do(async (context) => await context.exportSecretKey(this.#id, 32))
  }

  /** One transaction for a slice: what a client would do that has many messages at once, and the faster way. */
  async session(work: () => Promise<void>): Promise<void> {
    await this.#device.core.transaction(async (context) => {
      this.#context = context
      try {
        await work()
      } finally {
        this.#context = undefined
      }
    })
  }

  async #do<R>(work: (context: Context) => Promise<R>): Promise<R> {
    return this.#context === undefined ? await this.#device.core.transaction(work) : await work(this.#context)
  }
}

/** Wire's core-crypto in WebAssembly, or `undefined` where `npm run bench:mls:peers` has not installed it. */
export async function coreCryptoLibrary(): Promise<Library | undefined> {
  if (!existsSync(PACKAGE)) return undefined
  const { loaded: module, foreignMemoryBytes } = await catchingMemories(loadModule)
  let people = 0
  let groups = 0
  return {
    id: "corecrypto",
    name: `@wireapp/core-crypto ${module.version()} (OpenMLS, WebAssembly)`,
    suiteId: SUITE,
    membersLimit: 1000,
    remarks: [
      "core-crypto is made for browsers; it runs here because a global `window` is put in its way while it loads.",
      "core-crypto makes and signs a GroupInfo with the tree for each commit, in transactions on a store in memory.",
      "What core-crypto makes to be dropped is undone with its transaction, and that counts.",
    ],
    async keyPackaging() {
      const { core, credential } = await newDevice(module, people++)
      const make = async (context: Context): Promise<unknown> => await context.generateKeyPackage(credential)
      return { once: async () => await core.transaction(make) }
    },
    async newcomer() {
      const device = await newDevice(module, people++)
      const made = await device.core.transaction(async (context) => await context.generateKeyPackage(device.credential))
      return new CoreCryptoNewcomer(module, device, made.serialize())
    },
    async create(creator) {
      const { device } = creator as CoreCryptoNewcomer
      const id = new module.ConversationId(new TextEncoder().encode(`bench ${groups++}`))
      await device.core.transaction(async (context) => await context.createConversation(id, device.credential))
      return new CoreCryptoMember(module, device, id)
    },
    foreignMemoryBytes,
  }
}

/** The package refuses to start where there is no `window`, and fetches its module: Node fetches `data:` addresses. */
async function loadModule(): Promise<CoreCryptoModule> {
  const module = (await import(new URL("corecrypto.js", PACKAGE).href)) as CoreCryptoModule
  const wasm = await readFile(new URL("autogenerated/wasm-bindgen/index_bg.wasm", PACKAGE))
  Object.assign(globalThis, { window: globalThis })
  try {
    await module.initWasmModule(`data:application/wasm;base64,${wasm.toString("base64")}`)
  } finally {
    Reflect.deleteProperty(globalThis, "window")
  }
  return module
}

async function newDevice(module: CoreCryptoModule, at: number): Promise<Device> {
  const core = module.CoreCrypto.new(await module.Database.inMemory())
  const user = new module.Uuid(`00000000-0000-4000-8000-${at.toString().padStart(12, "0")}`)
  const clientId = new module.ClientId(user, new module.DeviceId(BigInt(at + 1)), "example.org")
  const sent: Device["sent"] = { last: undefined }
  const transport = {
    sendCommitBundle: async (bundle: CommitBundle) => {
      sent.last = bundle
    },
    prepareForTransport: async () => {
      throw new Error("unreachable: no history is shared")
    },
  }
  const credential = await core.transaction(async (context) => {
    await context.mlsInit(clientId, transport)
    return await context.addCredential(module.Credential.basic(SUITE, clientId))
  })
  return { core, clientId, credential, sent }
}

async function undone(device: Device, work: (context: Context) => Promise<unknown>): Promise<void> {
  try {
    await device.core.transaction(async (context) => {
      await work(context)
      throw new UndoError()
    })
  } catch (error) {
    if (!isUndone(error)) throw error
  }
}

/** core-crypto may wrap what a transaction throws. */
function isUndone(error: unknown): boolean {
  if (error instanceof UndoError) return true
  return error instanceof Error && (isUndone(error.cause) || error.message.includes("UndoError"))
}
