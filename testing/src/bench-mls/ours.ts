import type { CipherSuite } from "@qpc/crypto"
import { nodeRandom } from "@qpc/crypto/node"
import { Group } from "@qpc/mls"
import {
  createGroup,
  join,
  keyPackage,
  newcomer,
  protect,
  receiveCommit,
  receiveText,
  stage,
} from "../bench/qpc-group.ts"
import type { Newcomer as OurPerson } from "../bench/qpc-group.ts"
import type { Invitation, Library, Member, Newcomer } from "./library.ts"

const EMPTY = new Uint8Array(0)

/** Our newcomer, with what our members need to know of it. */
class OurNewcomer implements Newcomer {
  readonly #suite: CipherSuite
  readonly person: OurPerson

  constructor(suite: CipherSuite) {
    this.#suite = suite
    this.person = newcomer(suite)
  }

  get keyPackageBytes(): number {
    return this.person.bundle.keyPackage.length
  }

  join({ welcome }: Invitation): Member {
    return memberOf(join(welcome, this.person, this.#suite), this.#suite, this.person)
  }

  joining({ welcome }: Invitation): { once: () => unknown } {
    return { once: () => join(welcome, this.person, this.#suite) }
  }
}

/** `@qpc/mls` as its README uses it. */
export function ours(id: "ours" | "ours_chacha", suite: CipherSuite): Library {
  return {
    id,
    name: "@qpc/mls",
    suiteId: suite.id,
    membersLimit: 10_000,
    remarks: [],
    keyPackaging() {
      const signatureKeys = suite.signatureKeyPair(nodeRandom(suite.sizes.signatureSeedBytes))
      return { once: () => keyPackage(signatureKeys, suite) }
    },
    newcomer: () => new OurNewcomer(suite),
    create(creator) {
      const { person } = creator as OurNewcomer
      return memberOf(createGroup(person.signatureKeys, suite), suite, person)
    },
  }
}

function memberOf(group: Group, suite: CipherSuite, { signatureKeys }: OurPerson): Member {
  return {
    add(newcomers) {
      const { staged, commit, welcome } = stage(group, peopleOf(newcomers))
      group.merge(staged)
      return { commit, welcome: welcome ?? EMPTY, tree: undefined }
    },
    adding: (added) => ({ once: () => group.clear(stage(group, peopleOf([added])).staged) }),
    removing: (leafIndex) => ({ once: () => group.clear(stage(group, [], [leafIndex]).staged) }),
    update() {
      const { staged, commit } = stage(group)
      group.merge(staged)
      return commit
    },
    follow: (commit) => void group.merge(receiveCommit(group, commit)),
    protect: (text) => protect(group, text),
    unprotect: (message) => void receiveText(group, message),
    exportSecret: () => group.export("bench", EMPTY, 32),
    save: () => group.toBytes(),
    load: (saved) => Group.fromBytes(suite, saved, { signatureKeys }),
    free: () => group[Symbol.dispose](),
  }
}

function peopleOf(newcomers: readonly Newcomer[]): OurPerson[] {
  return newcomers.map((one) => (one as OurNewcomer).person)
}
