import type { ClientState } from "ts-mls"
import { TsMls } from "../bench/ts-mls-group.ts"
import type { TsMlsNewcomer } from "../bench/ts-mls-group.ts"
import type { Invitation, Library, Member, Newcomer, Repeatable } from "./library.ts"

/** A newcomer of ts-mls. */
class TsNewcomer implements Newcomer {
  readonly #tsMls: TsMls
  readonly person: TsMlsNewcomer
  readonly keyPackageBytes: number

  constructor(tsMls: TsMls, person: TsMlsNewcomer) {
    this.#tsMls = tsMls
    this.person = person
    this.keyPackageBytes = tsMls.published(person).length
  }

  async join({ welcome }: Invitation): Promise<Member> {
    return memberOf(this.#tsMls, await this.#tsMls.join(welcome, this.person))
  }

  joining({ welcome }: Invitation): Repeatable {
    return { once: async () => await this.#tsMls.join(welcome, this.person) }
  }
}

/** ts-mls as its README uses it; each call makes the next state. */
export async function tsMlsLibrary(): Promise<Library> {
  const tsMls = await TsMls.load()
  return {
    id: "tsmls",
    name: "ts-mls 1.6.4",
    suiteId: 1,
    membersLimit: 1000,
    remarks: [
      "ts-mls draws its cryptography from WebCrypto and waits for a promise at each step.",
      "ts-mls checks as much as ours when it joins, receives and opens (signatures of all leaves, parent hashes).",
    ],
    async keyPackaging() {
      const { publicPackage, privatePackage } = await tsMls.newcomer()
      const { signaturePublicKey } = publicPackage.leafNode
      return { once: async () => await tsMls.keyPackage(privatePackage.signaturePrivateKey, signaturePublicKey) }
    },
    newcomer: async () => new TsNewcomer(tsMls, await tsMls.newcomer()),
    create: async (creator) => memberOf(tsMls, await tsMls.create((creator as TsNewcomer).person)),
  }
}

function memberOf(tsMls: TsMls, start: ClientState): Member {
  let state = start
  return {
    async add(newcomers) {
      const made = await tsMls.commit(state, peopleOf(newcomers))
      state = made.state
      return { commit: made.commit, welcome: made.welcome ?? new Uint8Array(0), tree: undefined }
    },
    adding: (newcomer) => ({ once: async () => await tsMls.commit(state, peopleOf([newcomer]), true) }),
    removing: (leafIndex) => ({ once: async () => await tsMls.remove(state, leafIndex) }),
    async update() {
      const made = await tsMls.commit(state)
      state = made.state
      return made.commit
    },
    async follow(commit) {
      state = await tsMls.receive(state, commit)
    },
    async protect(text) {
      const made = await tsMls.protect(state, text)
      state = made.state
      return made.message
    },
    async unprotect(message) {
      state = await tsMls.receive(state, message)
    },
    exportSecret: async () => await tsMls.export(state, 32),
    save: () => tsMls.save(state),
    load: (saved) => tsMls.load(saved),
  }
}

function peopleOf(newcomers: readonly Newcomer[]): TsMlsNewcomer[] {
  return newcomers.map((one) => (one as TsNewcomer).person)
}
