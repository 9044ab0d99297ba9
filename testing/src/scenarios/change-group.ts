import type { Content } from "@qpc/group"
import { ADMIN_ROLE, MEMBER_ROLE, PERMISSIONS } from "@qpc/group"
import { toGroupId, toHex } from "@qpc/wire"
import { found } from "./participant.ts"
import type { Step } from "./scenario.ts"
import { keysOf } from "./world.ts"
import type { World } from "./world.ts"

/** Members talk, admins do everything: what the scenarios take for granted. */
const ROLES: ReadonlyMap<number, number> = new Map([
  [MEMBER_ROLE, PERMISSIONS.sendText],
  [ADMIN_ROLE, Object.values(PERMISSIONS).reduce((all, bit) => all | bit, 0)],
])

/** Where a step happens. */
export interface Where {
  readonly world: World
  readonly group: string | undefined
  readonly actionId: string
}

type Creation = Extract<Step, { type: "create_group" }>

/** Starts a group. Naming further admins takes a commit of its own here, which belongs to the founding. */
export function createGroup(where: Where, step: Creation, laterAdmins: readonly string[]): void {
  const { world, group = "default" } = where
  const client = world.client(step.creator)
  const random = client.surroundings.random
  const groupId = toGroupId(random(16))
  const founding = { groupId, name: step.name, roles: ROLES, nowMs: world.nowMs }
  const admins = (step.initial_admins ?? laterAdmins).filter((label) => label !== step.creator)
  client.enter(found(world.mode, client.surroundings, founding))
  world.groups.set(group, {
    groupId: toHex(groupId),
    creator: step.creator,
    publication: step.pending,
    foundingEpochs: admins.length > 0 ? 2 : 1,
    adminsToName: admins,
  })
  invite(where, { by: step.creator, invitees: step.invitees, pending: step.pending })
}

/** Names the admins that a group is to begin with, once they are in. */
export function nameFirstAdmins({ world, group, actionId }: Where, creator: string): void {
  const founded = world.group(group)
  const admins = founded.adminsToName
  if (admins.length === 0) return
  founded.adminsToName = []
  const where = { world, group, actionId }
  change(where, creator, setAdmins(where, creator, [creator, ...admins]), undefined)
  world.acceptAll(creator)
}

export function invite(
  where: Where,
  { by, invitees, pending }: { readonly by: string; readonly invitees: readonly string[]; readonly pending: string },
): void {
  const { world } = where
  const keyPackages = invitees.map((label) => world.client(label).keyPackage(world.nowMs))
  change(where, by, { kind: "invite", keyPackages }, pending)
}

/** The change of roles that makes these and no others admins. */
export function setAdmins({ world, group }: Where, by: string, admins: readonly string[]): Content {
  const member = world.member(by, group)
  const leaving = world.adminsOf(member).filter((label) => !admins.includes(label))
  return {
    kind: "set_roles",
    permissions: new Map(),
    assignments: [
      ...keysOf(world, admins).map((identityKey) => ({ identityKey, role: ADMIN_ROLE })),
      ...keysOf(world, leaving).map((identityKey) => ({ identityKey, role: MEMBER_ROLE })),
    ],
  }
}

/** Asks a member for a change of its group. @throws Error if it is refused */
export function change(where: Where, label: string, content: Content, publication: string | undefined): void {
  const refusal = tryChange(where, label, content, publication)
  if (refusal !== undefined) throw new Error(`${label} may not ${content.kind}: ${refusal}`)
}

/** Asks a member for a change of its group; why it refuses, if it does. */
export function tryChange(
  { world, group, actionId }: Where,
  label: string,
  content: Content,
  publication: string | undefined,
): string | undefined {
  const member = world.member(label, group)
  const result = member.send(content, world.nowMs)
  world.take(label, toHex(member.shown.groupId), result, { actionId, publication })
  return result.events.find((event) => event.kind === "refused")?.reason
}
