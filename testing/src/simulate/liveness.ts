import type { Conversation } from "@qpc/sdk"
import { equalBytes, toHex } from "@qpc/wire"
import type { GroupId } from "@qpc/wire"
import type { ClientNode } from "./client-node.ts"
import type { GroupView, Oracle, Text } from "./oracle.ts"
import type { ViolationKind } from "./violation.ts"

/** True for a group that a device was away from for longer than the server's log: it has said so, and waits to be invited anew. */
export const isStuck = ({ missing }: Pick<Conversation, "missing">): boolean => missing?.isBehindUs === false

/** What a device says of a group of which it can read nothing. */
const DAMAGED: GroupView = {
  epoch: 0n,
  suiteId: 0,
  isMember: false,
  isStuck: true,
  isDamaged: true,
  authenticator: "",
  roster: [],
}

/** What a device believes of each of its groups. */
export function viewsOf(node: ClientNode): ReadonlyMap<string, GroupView> {
  const views = new Map<string, GroupView>()
  for (const group of node.client?.conversations() ?? []) {
    const { epoch, suiteId } = group
    const isMember = group.isMember && !isStuck(group)
    // Whoever was removed has no keys of the epoch, and asking for them is a mistake.
    const authenticator = isMember ? toHex(group.epochAuthenticator) : ""
    const roster = group.members().map(({ identityKey }) => toHex(identityKey))
    views.set(toHex(group.id), { epoch, suiteId, isMember, isStuck: isStuck(group), authenticator, roster })
  }
  for (const { id, damage } of node.client?.damagedGroups() ?? []) {
    // What waits for another program is whole: nothing of it may be lost.
    if (damage !== "suite_unsupported") views.set(toHex(id), DAMAGED)
  }
  return views
}

/** Something that keeps a world from being at rest. */
export interface Unsettled {
  readonly kind: ViolationKind
  readonly what: string
}

/** Everything that is not as it should be when nothing goes wrong any more. Empty: the world is at rest. */
export function unsettled(devices: readonly ClientNode[], oracle: Oracle): readonly Unsettled[] {
  const living = devices.filter(({ isEnrolled, isGone }) => isEnrolled && !isGone)
  const lost = new Set(devices.filter(({ isGone }) => isGone).map(({ key }) => key))
  const found: Unsettled[] = []
  const views = new Map(living.map((node) => [node, viewsOf(node)]))
  for (const node of living) {
    const { at } = node.client?.connectionState ?? { at: "not running" }
    if (at !== "online") found.push({ kind: "diverged", what: `${node.name} is ${at}` })
    // What is not written down yet may still change a group, and a text that is on its way meanwhile may come too late.
    for (const asked of node.unanswered) found.push({ kind: "stranded", what: `${node.name}: ${asked} has no answer` })
    let hopeless = leavingNobody(node, living)
    for (const [id, { group, state }] of oracle.sentBy(node.key)) {
      // A text for nobody but lost devices, whose inboxes nobody empties, waits for days before it is given up.
      if (state !== "stored" || waitsForOnly(lost, oracle.textOf(id))) continue
      if (oracle.textOf(id) === undefined && hopeless-- > 0) continue
      // What a device still wants of a group that it cannot follow comes to its end after several tries of half a minute.
      if (views.get(node)!.get(group)?.isStuck === true) continue
      found.push({ kind: "stranded", what: `${node.name} waits for the end of ${id}` })
    }
  }
  const groups = new Set<string>()
  for (const own of views.values()) for (const group of own.keys()) groups.add(group)
  for (const group of groups) {
    const members = living.filter((node) => views.get(node)?.get(group)?.isMember === true)
    found.push(...differences({ group, members, views, devices, roster: oracle.rosters.newest(group) }))
    for (const node of members) {
      // What had to wait for room waited on its sender's disk, and is lost with it.
      const isLostWithSender = (text: Text): boolean => text.late.has(node.key) && lost.has(text.sender.key)
      const missing = oracle.missing(node, group).filter((text) => !isLostWithSender(text))
      for (const text of missing)
        found.push({ kind: "lost", what: `${node.name} does not have text ${text.number} of ${text.sender.name}` })
    }
  }
  return found
}

function waitsForOnly(lost: ReadonlySet<string>, text: Text | undefined): boolean {
  return text?.recipients?.every((key) => lost.has(key) && text.late.has(key)) === true
}

/**
 * How many groups a device wants to leave in which nobody can let it go: of the others no device is left that is in the group and can
 * read what it has of it.
 */
function leavingNobody({ client, identityKey }: ClientNode, living: readonly ClientNode[]): number {
  const groups = client?.conversations().filter(({ isLeaving, isMember }) => isLeaving && isMember) ?? []
  return groups.filter((group) => {
    const able = new Set(living.filter((node) => takesPart(node, group.id)).map((node) => node.identityKey))
    const others = group.members().map((person) => toHex(person.identityKey))
    return others.every((other) => other === identityKey || !able.has(other))
  }).length
}

/** True if a device is in a group. One that it cannot read is not among its conversations. */
function takesPart({ client }: ClientNode, groupId: GroupId): boolean {
  return client?.conversations().some(({ id, isMember }) => isMember && equalBytes(id, groupId)) === true
}

/** True if a device is in a group and waits to be let go. */
function leaves({ client }: ClientNode, group: string): boolean {
  return client?.conversations().some((own) => own.isLeaving && own.isMember && toHex(own.id) === group) === true
}

interface Compared {
  readonly group: string
  readonly members: readonly ClientNode[]
  readonly views: ReadonlyMap<ClientNode, ReadonlyMap<string, GroupView>>
  readonly devices: readonly ClientNode[]
  /** Which devices the server has in the group; `undefined` before its first commit. */
  readonly roster: ReadonlySet<string> | undefined
}

function differences(compared: Compared): readonly Unsettled[] {
  const { group, members, views, devices, roster } = compared
  const [first] = members
  const standard = first && views.get(first)?.get(group)
  if (first === undefined || standard === undefined) return []
  const found: Unsettled[] = []
  const short = group.slice(0, 8)
  for (const node of members) {
    const { epoch, authenticator, roster: people } = views.get(node)!.get(group)!
    const isSame = epoch === standard.epoch && authenticator === standard.authenticator
    const isSameRoster = people.join() === standard.roster.join()
    if (isSame && isSameRoster) continue
    const what = `${node.name} is in epoch ${epoch} of ${short}, ${first.name} in ${standard.epoch}`
    found.push({ kind: "diverged", what })
  }
  for (const key of devicesOnRoster(compared, standard.roster)) {
    const node = devices.find((device) => device.key === key)
    if (node === undefined || members.includes(node)) continue
    if (node.takenBack === "noted" && members.includes(node.first))
      found.push({ kind: "diverged", what: `${node.name} was taken back and is still in ${short}` })
    if (node.isGone || views.get(node)?.get(group)?.isStuck === true) continue
    found.push({ kind: "diverged", what: `${node.name} is on the roster of ${short} and has not joined` })
  }
  const isIn = ({ key, identityKey }: ClientNode): boolean =>
    standard.roster.includes(identityKey) && roster?.has(key) !== false
  const strangers = members.filter((node) => !isIn(node))
  for (const { name } of strangers) found.push({ kind: "diverged", what: `${name} thinks to be in ${short}` })
  return found
}

/**
 * Which devices are to be in. Whoever leaves on a second device takes the first one out before; until somebody lets that second device go,
 * which nobody can where all others are lost, it is all that is left of its person. If it is lost or taken back in between, the others have
 * to remove it.
 */
function devicesOnRoster(
  { group, roster = new Set(), devices }: Compared,
  people: readonly string[],
): ReadonlySet<string> {
  const last = devices.filter((node) => roster.has(node.key) && (node.isGone || leaves(node, group)))
  const inByThose = new Set(last.map(({ identityKey }) => identityKey))
  return new Set([...roster, ...people.filter((identityKey) => !inByThose.has(identityKey))])
}
