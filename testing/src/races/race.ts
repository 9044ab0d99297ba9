import { resetNonceMonitor } from "@qpc/crypto/conformance"
import { equalBytes, toHex } from "@qpc/wire"
import type { IntentFailure } from "@qpc/group"
import { Prng } from "../simulate/prng.ts"
import { holds, isPeaceful } from "./casts.ts"
import { DeliveryService } from "./delivery-service.ts"
import { Racer } from "./racer.ts"
import type { Entrant, StartingLine } from "./starting-line.ts"

/** In which order everything is delivered. */
export interface RaceOrder {
  /** In which the racers' commits reach the service: their numbers. */
  readonly arrival: readonly number[]
  /** When a loser hears of the refusal: before it reads its inbox, where the winner's commit is, or after. */
  readonly refusals: "before" | "after"
  /** Draws who sends, hears or reads next from then on; `undefined` for rounds in which everybody has their turn. */
  readonly seed?: number
}

/** What became of a race. */
export interface RaceResult {
  /** What must not be; empty if all went well. */
  readonly complaints: readonly string[]
  readonly done: number
  /** Intents that failed, and their members were told why. */
  readonly failed: readonly IntentFailure[]
  /** Commits that the service took. */
  readonly commits: number
}

interface Lane {
  readonly racer: Racer
  readonly entrant: Entrant
  readonly ends: string[]
}

/** Runs one race from a starting line to the moment at which nobody has anything left to do. */
export async function race(line: StartingLine, order: RaceOrder): Promise<RaceResult> {
  resetNonceMonitor() // Every race starts from the same states.
  const { suite, nowMs } = line
  const prng = new Prng(BigInt(order.seed ?? 0), "race")
  const service = new DeliveryService(nowMs)
  const wake = (stored: Entrant["stored"], name: string): Racer =>
    Racer.wake(stored, { suite, nowMs, random: prng.fork(name).bytes })
  const lanes = line.entrants.map((entrant, i) => laneOf(wake(entrant.stored, `racer ${i}`), entrant))
  const others = line.others.map((stored, i) => wake(stored, `other ${i}`))
  const everybody = [...lanes.map(({ racer }) => racer), ...others]
  for (const { self } of everybody) await service.enrol(self)
  await service.offer(lanes[0]!.racer.self, line.opening)
  for (const { self } of everybody) while ((await service.take(self)) !== undefined);

  for (const at of order.arrival) await lanes[at]!.racer.offer(service)
  for (const { racer } of lanes) {
    if (order.refusals === "before") racer.hear()
    await racer.read(service)
    racer.hear()
  }
  if (order.seed === undefined) await takeTurns(everybody, service)
  else await drawTurns(everybody, service, prng)
  return judge(line, { order, service, lanes, everybody })
}

function laneOf(racer: Racer, entrant: Entrant): Lane {
  const ends: string[] = []
  racer.onEvent = (event) => {
    if (event.kind === "intent_done") {
      ends.push(holds(racer.member!, entrant.intent, entrant.invited) ? "done" : "done, but it is not so")
    }
    if (event.kind === "intent_failed") ends.push(event.reason)
  }
  return { racer, entrant, ends }
}

async function takeTurns(everybody: readonly Racer[], service: DeliveryService): Promise<void> {
  for (let isBusy = true; isBusy;) {
    isBusy = false
    for (const racer of everybody) {
      if (await racer.isBusy(service)) isBusy = true
      await racer.offer(service)
      await racer.read(service)
      racer.hear()
    }
  }
}

async function drawTurns(everybody: readonly Racer[], service: DeliveryService, prng: Prng): Promise<void> {
  let busy = [...everybody]
  while (busy.length > 0) {
    const racer = prng.pick(busy)
    if (!(await racer.isBusy(service))) busy = busy.filter((one) => one !== racer)
    else {
      await prng.pick([() => racer.offer(service), async () => racer.hear(), () => racer.read(service)])()
      // Whatever it did may have given others something to do.
      busy = [...everybody]
    }
  }
}

interface Finish {
  readonly order: RaceOrder
  readonly service: DeliveryService
  readonly lanes: readonly Lane[]
  readonly everybody: readonly Racer[]
}

function judge(line: StartingLine, { order, service, lanes, everybody }: Finish): RaceResult {
  const complaints: string[] = []
  const first = lanes[order.arrival[0]!]!
  const winners = service.winners.get(line.epoch) ?? []
  if (winners.length !== 1 || !equalBytes(winners[0]!, first.racer.self)) {
    complaints.push(`${winners.length} commits out of epoch ${line.epoch} were taken, or not the first one`)
  }
  const inOneEpoch = [...service.winners.values()].map(({ length }) => length)
  if (inOneEpoch.some((count) => count > 1)) complaints.push("two commits of one epoch were taken")
  const epoch = line.epoch + BigInt(inOneEpoch.length - 1)
  complaints.push(...viewsOf(everybody, epoch))
  for (const [i, { racer, ends }] of lanes.entries()) {
    const isEnded = ends.length === 1 && racer.member?.openIntentCount === 0
    if (!isEnded) complaints.push(`the intent of racer ${i} ended ${ends.length} times: ${ends.join(", ")}`)
  }
  if (first.ends[0] !== "done") complaints.push(`the winner was told ${first.ends.join(", ")}`)
  const ends = lanes.flatMap((lane) => lane.ends)
  if (ends.includes("done, but it is not so")) complaints.push("an intent was called done and is not")
  const failed = ends.filter((end) => end !== "done") as IntentFailure[]
  if (isPeaceful(line.cast) && failed.length > 0) complaints.push(`failed without need: ${failed.join(", ")}`)
  return { complaints, done: ends.length - failed.length, failed, commits: inOneEpoch.length - 1 }
}

/** Everybody who is in the group must see the same group, in the epoch to which the accepted commits lead. */
function viewsOf(everybody: readonly Racer[], epoch: bigint): string[] {
  const complaints: string[] = []
  const views = new Set<string>()
  const rosters: (readonly string[])[] = []
  const active: string[] = []
  for (const { member, self } of everybody) {
    if (member?.isActive !== true) continue
    const roster = member.members().map(({ identityKey }) => toHex(identityKey))
    views.add([member.epoch, toHex(member.epochAuthenticator), ...roster].join(" "))
    rosters.push(roster)
    active.push(toHex(self))
    if (member.epoch !== epoch) complaints.push(`somebody is in epoch ${member.epoch} and not ${epoch}`)
  }
  if (views.size !== 1) complaints.push(`there are ${views.size} views of one group`)
  const isWhole = rosters[0]?.toSorted().join() === active.toSorted().join()
  if (!isWhole) complaints.push("those on the roster are not those in the group")
  return complaints
}
