import type { raw } from "mls-ts"
import { catchingMemories } from "./foreign-memory.ts"
import type { Invitation, Library, Member, Newcomer, Repeatable } from "./library.ts"

type Bindings = typeof raw

/** A device: its keys and groups are in its own store. */
interface Device {
  readonly provider: raw.Provider
  readonly identity: raw.Identity
}

const GROUP_ID = "bench"
const [NAME, NO_BYTES] = ["somebody", new Uint8Array(0)]

/** A newcomer of the build; each join gets a copy of its store, since joining takes the init key out of it. */
class WasmNewcomer implements Newcomer {
  readonly #openMls: Bindings
  readonly device: Device
  readonly keyPackage: Uint8Array
  readonly #saved: Uint8Array

  constructor(openMls: Bindings) {
    this.#openMls = openMls
    const provider = new openMls.Provider()
    this.device = { provider, identity: new openMls.Identity(provider, NAME) }
    this.keyPackage = this.device.identity.key_package(provider).to_bytes()
    this.#saved = provider.serialize()
  }

  get keyPackageBytes(): number {
    return this.keyPackage.length
  }

  join({ welcome, tree }: Invitation): Member {
    const provider = this.#openMls.Provider.from_bytes(this.#saved)
    const { identity } = this.device
    return memberOf(this.#openMls, { provider, identity }, this.#enter(provider, welcome, tree))
  }

  joining({ welcome, tree }: Invitation): Repeatable {
    const openMls = this.#openMls
    const saved = this.#saved
    let providers: raw.Provider[] = []
    let at = 0
    return {
      prepare: (count) => {
        for (const used of providers) used.free()
        providers = Array.from({ length: count }, () => openMls.Provider.from_bytes(saved))
        at = 0
      },
      once: () => this.#enter(providers[at++]!, welcome, tree).free(),
    }
  }

  #enter(provider: raw.Provider, welcome: Uint8Array, tree: Uint8Array | undefined): raw.Group {
    return this.#openMls.Group.join(provider, welcome, this.#openMls.RatchetTree.from_bytes(tree ?? NO_BYTES))
  }
}

/** The build of OpenMLS inside of mls-ts, through its generated bindings: the classes around them drop what is needed. */
export async function mlsTsLibrary(): Promise<Library> {
  const { loaded, foreignMemoryBytes } = await catchingMemories(async () => await import("mls-ts"))
  const openMls: Bindings = loaded.raw
  return {
    id: "openmls_wasm",
    name: "mls-ts 0.1.0 (OpenMLS, WebAssembly)",
    suiteId: 3,
    membersLimit: 1000,
    invitesOneByOne: true,
    remarks: [
      "mls-ts has no updates and no removals, adds one member per commit, keeps the tree beside the Welcome, and merges.",
      "mls-ts writes each step into a store in memory, whose whole contents are what it saves.",
    ],
    keyPackaging() {
      const { device } = new WasmNewcomer(openMls)
      return { once: () => device.identity.key_package(device.provider).to_bytes() }
    },
    newcomer: () => new WasmNewcomer(openMls),
    create(creator) {
      const { identity } = (creator as WasmNewcomer).device
      const provider = new openMls.Provider()
      const device = { provider, identity }
      return memberOf(openMls, device, openMls.Group.create_new(provider, identity, GROUP_ID))
    },
    foreignMemoryBytes,
  }
}

function memberOf(openMls: Bindings, { provider, identity }: Device, group: raw.Group): Member {
  const invite = (into: raw.Group, store: raw.Provider, { keyPackage }: WasmNewcomer): raw.AddMessages => {
    const messages = into.propose_and_commit_add(store, identity, openMls.KeyPackage.from_bytes(keyPackage))
    into.merge_pending_commit(store)
    return messages
  }
  const save = (): Uint8Array => provider.serialize()
  return {
    add(newcomers) {
      let last: raw.AddMessages | undefined
      for (const one of newcomers) last = invite(group, provider, one as WasmNewcomer)
      const tree = group.export_ratchet_tree().to_bytes()
      return { commit: last?.commit ?? NO_BYTES, welcome: last?.welcome ?? NO_BYTES, tree }
    },
    adding: (newcomer) => addingToCopies(openMls, save, (copy, store) => invite(copy, store, newcomer as WasmNewcomer)),
    protect: (text) => group.create_message(provider, identity, text),
    unprotect(message) {
      if (group.process_message(provider, message).length === 0) throw new Error("unreachable: nothing was sent")
    },
    exportSecret: () => group.export_key(provider, "bench", NO_BYTES, 32),
    save,
    load(saved) {
      const store = openMls.Provider.from_bytes(saved)
      openMls.Group.load(store, GROUP_ID).free()
      store.free()
    },
    free() {
      group.free()
      provider.free()
    },
  }
}

/** The build cannot drop a commit, so that each is made by a copy of the member. */
function addingToCopies(
  openMls: Bindings,
  save: () => Uint8Array,
  add: (group: raw.Group, provider: raw.Provider) => void,
): Repeatable {
  let copies: { readonly group: raw.Group; readonly provider: raw.Provider }[] = []
  let at = 0
  return {
    prepare: (count) => {
      for (const { group, provider } of copies) [group, provider].forEach((one) => one.free())
      const saved = save()
      copies = Array.from({ length: count }, () => {
        const provider = openMls.Provider.from_bytes(saved)
        return { provider, group: openMls.Group.load(provider, GROUP_ID) }
      })
      at = 0
    },
    once: () => {
      const { group, provider } = copies[at++]!
      add(group, provider)
    },
  }
}
