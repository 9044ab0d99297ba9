import { RpcError } from "@qpc/rpc"
import type { RpcClient } from "@qpc/rpc"
import type { MemoryPair } from "@qpc/transport"
import type { Prng } from "../simulate/prng.ts"
import type { Call } from "./check-history.ts"
import type { Account, Served } from "./served.ts"
import { turns } from "./slow-storage.ts"

/** One client: what it calls, one after the other. */
interface Script<Input> {
  readonly account: Account
  readonly inputs: readonly Input[]
}

/** What is needed to turn inputs into calls. */
export interface Recording<Input> {
  readonly served: Served
  readonly scripts: readonly Script<Input>[]
  /** Makes a call; says what was answered in the words of the model. */
  readonly perform: (rpc: RpcClient, input: Input) => Promise<string>
  readonly prng: Prng
  /** How often a cable is cut while a call is on its way. Its client comes back, and often repeats the call. */
  readonly cutChance: number
  /** The moment before the first one. Default 0. */
  readonly startsAt?: number
}

const REPEAT_CHANCE = 0.7
/** How many turns of the event loop a client waits between two calls, and a call lives until its cable is cut. */
const TURNS_MAX = 6

/** Runs all scripts at the same time. The history holds every call, those without an answer too. */
export async function recordHistory<Input>(recording: Recording<Input>): Promise<Call<Input>[]> {
  const history: Call<Input>[] = []
  let now = recording.startsAt ?? 0
  const moment = (): number => (now += 1)
  await Promise.all(
    recording.scripts.map((script, number) => runScript(recording, { script, number, history, moment })),
  )
  return history
}

interface Client<Input> {
  readonly script: Script<Input>
  readonly number: number
  readonly history: Call<Input>[]
  readonly moment: () => number
}

async function runScript<Input>(
  { served, perform, prng, cutChance }: Recording<Input>,
  { script, number, history, moment }: Client<Input>,
): Promise<void> {
  const chance = prng.fork(`client ${number}`)
  const { account } = script
  let { rpc, cable } = await served.connect(account)
  const waiting = [...script.inputs]
  for (let input = waiting.shift(); input !== undefined; input = waiting.shift()) {
    await turns(chance.between(0, TURNS_MAX))
    const cutting = chance.chance(cutChance) ? cutAfter(cable, chance.between(0, TURNS_MAX)) : undefined
    const calledAt = moment()
    const output = await answerOf(perform(rpc, input))
    const answeredAt = output === undefined ? Infinity : moment()
    history.push({ input, output, calledAt, answeredAt })
    await cutting
    if (cutting === undefined) continue
    if (output === undefined && chance.chance(REPEAT_CHANCE)) waiting.unshift(input)
    ;({ rpc, cable } = await served.connect(account))
  }
  cable.cut()
}

async function cutAfter(cable: MemoryPair, turnCount: number): Promise<void> {
  await turns(turnCount)
  cable.cut()
}

/** `undefined` where nobody knows whether the server has done it. */
async function answerOf(call: Promise<string>): Promise<string | undefined> {
  try {
    return await call
  } catch (error) {
    if (!(error instanceof RpcError)) throw error
    if (error.reason === "connection_lost") return undefined
    return `refused: ${error.reason}`
  }
}
