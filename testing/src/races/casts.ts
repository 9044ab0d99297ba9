import { ADMIN_ROLE } from "@qpc/group"
import type { Intent, Member } from "@qpc/group"
import { equalBytes, toHex } from "@qpc/wire"
import type { IdentityKey } from "@qpc/wire"
import type { Prng } from "../simulate/prng.ts"

/** Who there is to want something of. */
export interface Company {
  readonly racers: readonly IdentityKey[]
  /** In the group, and wants nothing. */
  readonly bystanders: readonly [IdentityKey, IdentityKey]
  /** A fresh key package of the newcomer with this number, as the server would hand it out. */
  readonly keyPackage: (newcomer: number) => Uint8Array
}

/** What the racers of a race want: one intent for each of them, all in the same epoch. */
export type CastName = "each something else" | "all the same" | "each other" | "anything"

export const CASTS: readonly CastName[] = ["each something else", "all the same", "each other", "anything"]

/** True where nobody can get into another's way: then every intent must be done. */
export const isPeaceful = (cast: CastName): boolean => cast === "each something else" || cast === "all the same"

export function intentsOf(cast: CastName, company: Company, prng: Prng): Intent[] {
  const { racers, bystanders } = company
  switch (cast) {
    case "each something else":
      return racers.map((_racer, i) => KINDS[i % KINDS.length]!(company, i))
    case "all the same":
      return racers.map(() => ({ kind: "remove", members: [bystanders[0]] }))
    case "each other":
      return racers.map((_racer, i) => ({ kind: "remove", members: [racers[(i + 1) % racers.length]!] }))
    case "anything":
      return racers.map((racer, i) => anyIntent(company, { racer, i }, prng))
  }
}

type Kind = (company: Company, i: number) => Intent

/** Five that do not touch what another of them changes. */
const KINDS: readonly Kind[] = [
  ({ keyPackage }, i) => ({ kind: "invite", keyPackages: [keyPackage(i)] }),
  () => ({ kind: "update_keys" }),
  (_company, i) => ({ kind: "rename", name: `garden ${i}` }),
  ({ bystanders }) => ({ kind: "remove", members: [bystanders[0]] }),
  ({ bystanders }) => setRole(bystanders[1]),
]

function anyIntent(company: Company, { racer, i }: { racer: IdentityKey; i: number }, prng: Prng): Intent {
  const others = company.racers.filter((one) => !equalBytes(one, racer))
  return prng.pick<() => Intent>([
    ...KINDS.map((kind) => () => kind(company, i)),
    () => ({ kind: "invite", keyPackages: [company.keyPackage(0)] }),
    () => ({ kind: "remove", members: [prng.pick(others)] }),
    () => setRole(company.bystanders[0]),
    () => ({ kind: "set_timer", disappearAfterSeconds: 60 * prng.between(1, 3) }),
    () => (prng.chance(0.3) ? { kind: "close" } : { kind: "update_keys" }),
  ])()
}

function setRole(identityKey: IdentityKey): Intent {
  return { kind: "set_roles", assignments: [{ identityKey, role: ADMIN_ROLE }], permissions: new Map() }
}

/** True if the group is as an intent wanted it. */
export function holds(member: Member, intent: Intent, invited: readonly IdentityKey[]): boolean {
  const present = new Set(member.members().map(({ identityKey }) => toHex(identityKey)))
  const { settings } = member
  switch (intent.kind) {
    case "invite":
      return invited.every((one) => present.has(toHex(one)))
    case "remove":
      return intent.members.every((one) => !present.has(toHex(one)))
    case "add_devices":
    case "remove_devices":
      throw new Error("unreachable: each racer is one device")
    case "rename":
      return settings?.name === intent.name
    case "set_timer":
      return settings?.disappearAfterSeconds === intent.disappearAfterSeconds
    case "close":
      return settings?.isClosed === true
    case "set_roles":
      return intent.assignments.every(
        ({ identityKey, role }) =>
          settings?.assignments.some((one) => equalBytes(one.identityKey, identityKey) && one.role === role) === true,
      )
    case "change_suite":
      throw new Error("unreachable: racers have one suite")
    case "leave":
      return !present.has(toHex(member.self))
    case "update_keys":
      return true
  }
}
