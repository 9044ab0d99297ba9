import { resetNonceMonitor } from "@qpc/crypto/conformance"
import type { CipherSuite } from "@qpc/crypto"
import { change, createGroup, invite, nameFirstAdmins, setAdmins, tryChange } from "./change-group.ts"
import type { Where } from "./change-group.ts"
import type { Outstanding } from "./client.ts"
import { ImpossibleStep } from "./impossible.ts"
import { observe } from "./observe.ts"
import type { Observed } from "./observe.ts"
import type { Mode, Result } from "./participant.ts"
import { holds } from "./predicate.ts"
import type { ScenarioFile, Step } from "./scenario.ts"
import { World } from "./world.ts"

/** A step that could not be done, and why. */
export interface NotRun {
  readonly index: number
  readonly type: string
  readonly why: string
}

/** What a scenario showed. */
export interface Run {
  readonly observed: Observed
  /** What went wrong on the way. */
  readonly failures: readonly string[]
  /** The run ends at the first step that has no meaning here: what follows builds on it. */
  readonly notRun: NotRun | undefined
}

/** A scenario on its way. */
interface Play extends Where {
  readonly scenario: ScenarioFile
  readonly observed: Observed
  readonly index: number
}

/** Plays a scenario with real members. */
export function run(suite: CipherSuite, scenario: ScenarioFile, mode: Mode): Run {
  // Every mode begins with the same seed, and so with the same keys, for texts that differ.
  resetNonceMonitor()
  const world = new World(suite, scenario, mode)
  const observed: Observed = { clients: [], resolutions: [], errors: [], admins: [], probes: [], quiet: [] }
  for (const [index, step] of scenario.steps.entries()) {
    const actionId = `step-${index}:${step.type}`
    try {
      play({ world, group: undefined, actionId, scenario, observed, index }, step)
    } catch (error) {
      if (error instanceof ImpossibleStep) {
        return { observed, failures: [], notRun: { index, type: step.type, why: error.message } }
      }
      const message = error instanceof Error ? error.message : String(error)
      return { observed, failures: [`step ${index} (${step.type}): ${message}`], notRun: undefined }
    }
  }
  return { observed, failures: [], notRun: undefined }
}

/** One step. Long, because it is the list of all of them; each does one thing. */
function play(at: Play, step: Step): void {
  const { world, group, actionId, observed, index } = at
  const { network } = world
  switch (step.type) {
    case "in_group":
      return play({ ...at, group: step.group }, step.action)
    case "create_group":
      return createGroup(at, step, laterAdmins(at, step.invitees))
    case "invite_members":
      return invite(at, { by: step.inviter, invitees: step.invitees, pending: step.pending })
    case "remove_members": {
      const members = step.members.map((label) => world.client(label).self)
      return change(at, step.remover, { kind: "remove", members }, step.pending)
    }
    case "self_update":
      return change(at, step.client, { kind: "update_keys" }, step.pending)
    case "update_group_data":
      return change(at, step.client, { kind: "rename", name: step.name }, step.pending)
    case "update_group_profile":
      if (step.description !== undefined || step.name === undefined) {
        throw new ImpossibleStep("our groups have a name, and no description")
      }
      return change(at, step.client, { kind: "rename", name: step.name }, step.pending)
    case "update_admin_policy":
      return change(at, step.client, setAdmins(at, step.client, step.admins), step.pending)
    case "expect_update_admin_policy_error": {
      const refusal = tryChange(at, step.client, setAdmins(at, step.client, step.admins), undefined)
      const error = adminError(refusal)
      if (error !== step.error) throw new Error(`${step.error} was expected, and came as ${refusal ?? "nothing"}`)
      return void observed.errors.push({ index, client: step.client, operation: "update_admin_policy", error })
    }
    case "acknowledge_outbound":
      return acknowledge(at, step)
    case "send_app_message":
      return change(at, step.sender, { kind: "text", text: step.payload }, undefined)
    case "leave":
      return change(at, step.client, { kind: "leave" }, undefined)
    case "restart_client":
      return world.client(step.client).restart()
    case "deliver_all":
      return world.deliverAll()
    case "tick":
      return world.tick(step.clients, actionId)
    case "await_quiescence":
      return void observed.quiet.push({ index, isQuiet: world.quiesce(actionId) })
    case "observe":
    case "observe_exact":
      return void observed.clients.push(...step.clients.map((label) => observe(world, label, group)))
    case "observe_admin_policy":
      for (const client of step.clients)
        observed.admins.push({ client, admins: world.adminsOf(world.member(client, group)) })
      return
    case "clear_events":
      for (const label of step.clients) world.client(label).clearWindow()
      return
    case "probe_bidirectional_decryptability":
      return probe(at, step.clients)
    case "advance_time":
      world.nowMs += step.delta_ms
      return
    case "barrier":
      return
    case "omit_message":
      return network.omit(step.selector)
    case "duplicate_message":
      return network.duplicate(step.selector)
    case "withhold_message":
      return network.withhold(step.selector, step.label)
    case "release_withheld":
      return network.release(step.label)
    case "reorder_messages":
      return network.reorder(step.order)
    case "set_relay_event_visibility":
      return network.setVisibility(step.selector, step.clients, step.visible)
    case "sync_relay_history":
      return syncHistory(at, step.clients, step.sync.mode)
    case "assert":
      return assertNow(at, step)
    default:
      throw new ImpossibleStep(
        `no published scenario has the step ${(step as { type: string }).type}; nobody has written it`,
      )
  }
}

/** Those of the invited who will need to be admins, for files that do not say it. */
function laterAdmins({ scenario, index }: Play, invitees: readonly string[]): readonly string[] {
  const actors = new Set(scenario.steps.slice(index + 1).map(adminOf))
  return invitees.filter((label) => actors.has(label))
}

/** Who has to be an admin for a step. */
function adminOf(step: Step): string | undefined {
  if (step.type === "invite_members") return step.inviter
  const isForAdmins =
    step.type === "update_group_data" || step.type === "update_group_profile" || step.type === "update_admin_policy"
  return isForAdmins ? step.client : undefined
}

function acknowledge(at: Play, step: Extract<Step, { type: "acknowledge_outbound" }>): void {
  const { world, observed, index } = at
  const { client, publication, outcome } = step
  const waiting = world.client(client).outstanding
  const meant = waiting.filter((one) => publication === undefined || one.publication === publication)
  if (meant.length === 0 && publication !== undefined) throw new Error(`nothing of ${publication} waits for an answer`)
  for (const outstanding of meant) {
    const result = outcome === "accepted" ? world.accept(client, outstanding) : world.refuse(client, outstanding)
    if (publication === undefined) continue
    observed.resolutions.push({ index, client, pending: publication, resolution: resolutionOf(result) })
    finishFounding(at, outstanding)
  }
}

/** What the member itself says of its commit. */
function resolutionOf({ events }: Result): string {
  if (events.some((event) => event.kind === "intent_done")) return "confirmed"
  return events.some((event) => event.kind === "intent_failed") ? "rolled_back" : "open"
}

/** A group is founded when its first members are in and have their roles; nothing has changed in it until then. */
function finishFounding(at: Play, { group: groupId, publication }: Outstanding): void {
  const { world } = at
  for (const [group, founded] of world.groups) {
    const { creator } = founded
    if (founded.groupId !== groupId || founded.publication !== publication) continue
    if (world.member(creator, group).shown.members().length > 1) nameFirstAdmins({ ...at, group }, creator)
    world.client(creator).clearWindow()
  }
}

function syncHistory({ world }: Play, labels: readonly string[], mode: string): void {
  if (world.mode === "ordered")
    throw new ImpossibleStep("a delivery service keeps no history: each inbox has what is new")
  if (mode === "since")
    throw new ImpossibleStep("no published scenario asks for history since a time; nobody has written it")
  for (const label of labels) {
    const client = world.client(label)
    const found = mode === "incremental" ? world.network.newFor(client) : world.network.allFor(client)
    client.mail.push(...found)
  }
}

function probe({ world, group, actionId, observed, index }: Play, labels: readonly string[]): void {
  const payloads = new Map(labels.map((label) => [label, `probe:${index}:${label}`]))
  for (const [label, text] of payloads) change({ world, group, actionId }, label, { kind: "text", text }, undefined)
  world.deliverAll()
  world.tick(labels, actionId)
  const isHeard = labels.every((label) =>
    [...payloads].every(([sender, text]) => sender === label || world.client(label).payloads.includes(text)),
  )
  observed.probes.push({ clients: labels, isHeard })
}

function assertNow({ world }: Play, { assertion }: Extract<Step, { type: "assert" }>): void {
  const { mode, predicate } = assertion
  if (mode !== "exactly" || predicate === undefined) {
    throw new ImpossibleStep(`no published scenario asserts ${mode}; nobody has written it`)
  }
  if (!holds(world, predicate)) throw new Error(`it is not so: ${JSON.stringify(predicate)}`)
}

/** The name that the scenarios have for a refusal of ours. */
function adminError(refusal: string | undefined): string {
  if (refusal === "roles_not_allowed" || refusal === "roles_above_own") return "not_group_admin"
  return refusal === "no_admin_left" ? "admin_policy" : `${refusal}`
}
