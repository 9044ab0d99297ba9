import { ClientError } from "@qpc/sdk"
import type { Conversation } from "@qpc/sdk"
import { toHex } from "@qpc/wire"
import type { ClientNode } from "./client-node.ts"
import { bodyOf } from "./oracle.ts"
import type { Oracle } from "./oracle.ts"
import type { Plan } from "./plan.ts"
import type { Prng } from "./prng.ts"
import type { World } from "./world.ts"

/** What people need to do something. */
export interface WorkloadOptions {
  readonly world: World
  readonly prng: Prng
  readonly plan: Plan
  /** People's first devices, and behind them the others. */
  readonly devices: readonly ClientNode[]
  readonly oracle: Oracle
}

/** How many of all actions are done by several people at once. */
const AT_ONCE = 0.3
/** Groups are filled in the first part of a run, one invitation at a time. */
const INVITE_EVERY_MS = 120
/** By then devices have been online once: nobody can be invited whose key packages are not at the server. */
const FOUND_AFTER_MS = 600

/** Short enough to run out while somebody is offline; 0 is never. */
const TIMERS_SECONDS = [0, 2, 5, 3600] as const
const ROLES = ["member", "moderator", "admin", "admin"] as const

/** Lets people write, invite, remove, leave, rename, set timers and give roles until `endsAtMs`. */
export function startWorkload(options: WorkloadOptions, endsAtMs: number): void {
  const { world, plan, prng } = options
  const people = firstDevices(options)
  for (let i = 0; i < plan.groupCount; i++) {
    const creator = people[i % people.length]!
    world.schedule(FOUND_AFTER_MS + 50 * i, () => void found(options, creator, `group ${i}`, endsAtMs))
  }
  const next = (): void => {
    world.schedule(prng.waitMs(plan.actionEveryMs), () => {
      if (world.nowMs() >= endsAtMs) return
      act(options)
      next()
    })
  }
  next()
}

/** Writes a text. What is refused is reported to the person, which is all we ask. */
export async function writeText(options: WorkloadOptions, node: ClientNode, group: Conversation): Promise<void> {
  const number = options.oracle.writing(node, toHex(group.id))
  await attempt(options, node, `text ${number}`, () => group.send(bodyOf(number)))
}

async function found(options: WorkloadOptions, node: ClientNode, name: string, endsAtMs: number): Promise<void> {
  const { world } = options
  const { client } = node
  if (world.nowMs() >= endsAtMs) return
  if (client === undefined) {
    world.schedule(INVITE_EVERY_MS, () => void found(options, node, name, endsAtMs))
    return
  }
  await attempt(options, node, `found ${name}`, async () => {
    const group = await client.createGroup(name)
    inviteAll(options, node, toHex(group.id), endsAtMs)
  })
}

function inviteAll(options: WorkloadOptions, node: ClientNode, groupId: string, endsAtMs: number): void {
  const { world } = options
  firstDevices(options).forEach((other, i) => {
    if (other === node) return
    world.schedule(INVITE_EVERY_MS * (i + 1), () => {
      const group = node.client?.conversations().find(({ id }) => toHex(id) === groupId)
      if (group && world.nowMs() < endsAtMs) void invite(options, node, group, other)
    })
  })
}

async function invite(
  options: WorkloadOptions,
  node: ClientNode,
  group: Conversation,
  other: ClientNode,
): Promise<void> {
  await attempt(options, node, `invite ${other.name}`, () => group.invite(other.name))
}

/** Somebody does one thing; now and then several people do theirs at the same moment, and their changes meet. */
function act(options: WorkloadOptions): void {
  const { prng, devices } = options
  const atOnce = prng.chance(AT_ONCE) ? prng.between(2, 4) : 1
  for (const node of prng.shuffled(devices).slice(0, atOnce)) {
    const [kind, whom, which] = [prng.fraction(), prng.fraction(), prng.fraction()]
    const groups = node.client?.conversations().filter(({ isMember }) => isMember) ?? []
    const group = groups[Math.floor(which * groups.length)]
    if (group !== undefined) actIn(options, node, group, { kind, whom })
  }
}

function actIn(
  options: WorkloadOptions,
  node: ClientNode,
  group: Conversation,
  { kind, whom }: { readonly kind: number; readonly whom: number },
): void {
  const { plan, world } = options
  const members = new Set(group.members().map(({ identityKey }) => toHex(identityKey)))
  const others = firstDevices(options).filter((other) => other !== node.first)
  const insiders = others.filter(({ key }) => members.has(key))
  const outsiders = others.filter(({ key }) => !members.has(key))
  const [insider, outsider] = [insiders, outsiders].map((people) => people[Math.floor(whom * people.length)])
  if (kind < plan.churn / 2 && outsider) void invite(options, node, group, outsider)
  else if (kind > 1 - plan.churn / 2 && insider && plan.faults.has("removals"))
    void attempt(options, node, `remove ${insider.name}`, () => group.remove(insider.name))
  else if (kind > 0.5 && kind < 0.5 + plan.churn / 8)
    void attempt(options, node, "rename", () => group.rename(`named by ${node.name} at ${world.nowMs()}`))
  else if (kind < 0.5 && kind > 0.5 - plan.churn / 8 && insider) {
    const role = ROLES[Math.floor(whom * 1000) % ROLES.length]!
    void attempt(options, node, `make ${insider.name} ${role}`, () => group.setRole(insider.name, role))
  } else if (kind > 0.25 && kind < 0.25 + plan.churn / 8) {
    const seconds = TIMERS_SECONDS[Math.floor(whom * 1000) % TIMERS_SECONDS.length]!
    void attempt(options, node, `timer ${seconds}`, () => group.setTimer(seconds))
  } else if (kind > 0.75 && kind < 0.75 + plan.churn / 8 && plan.faults.has("removals"))
    void attempt(options, node, "leave", () => group.leave(insider?.name))
  else void writeText(options, node, group)
}

/** Each stands for its person. */
const firstDevices = ({ devices }: WorkloadOptions): readonly ClientNode[] =>
  devices.filter(({ isSecond }) => !isSecond)

/** Asks a client for something that may be refused, but only with a reason for a person. @returns true unless it was */
export async function attempt(
  { world, oracle }: WorkloadOptions,
  node: ClientNode,
  wish: string,
  action: () => Promise<unknown>,
): Promise<boolean> {
  const what = `${node.name}: ${wish}`
  world.trace.note(what)
  const answered = node.ask(wish)
  try {
    await action()
    return true
  } catch (error) {
    if (error instanceof ClientError) {
      world.trace.count(`refused: ${error.code}`)
      world.trace.note(`${what}: refused (${error.code})`)
    } else oracle.report("mistake", `${what}: ${String(error)}`)
    return false
  } finally {
    answered()
  }
}
