/**
 * `npm run races`: commits of 2 to 16 members out of one epoch, in every order up to five members and in orders that are drawn
 * above. Exit code 0 if each race had one winner and no intent was left without an end, 1 otherwise.
 */
import { suite0001 } from "@qpc/crypto/node"
import { flagsOf, refuse } from "../command-line.ts"
import { CASTS } from "./casts.ts"
import { ALL_ORDERS_UP_TO, allOrders, RACERS_MAX, randomOrder } from "./orders.ts"
import { race } from "./race.ts"
import type { RaceOrder } from "./race.ts"
import { startingLine } from "./starting-line.ts"

const values = flagsOf({
  command: "races",
  purpose: "Lets 2 to 16 members commit out of one epoch: every order up to 5 of them, orders that are drawn above.",
  flags: {
    random: { type: "string", default: "1000", says: `orders for each number of racers above ${ALL_ORDERS_UP_TO}` },
    racers: { type: "string", default: "", says: "only so many racers" },
    seed: { type: "string", default: "1", says: "which orders are drawn" },
  },
})
const [randomCount, seed] = [Number(values.random), Number(values.seed)]
const counts = values.racers === "" ? Array.from({ length: RACERS_MAX - 1 }, (_, i) => i + 2) : [Number(values.racers)]
const areNumbers = [randomCount, seed, ...counts].every(Number.isSafeInteger)
if (!areNumbers || randomCount < 1 || counts.some((count) => count < 2 || count > RACERS_MAX)) {
  refuse(`--random and --seed are whole numbers, --racers is from 2 to ${RACERS_MAX}.`)
}

/** Races that share a starting line, so that not every race has to build a group. */
const RACES_OF_A_LINE = 25

let complaintCount = 0
console.log("racers   races  commits  intents done  intents reported")
for (const racerCount of counts) await runAll(racerCount)
process.exitCode = complaintCount > 0 ? 1 : 0

async function runAll(racerCount: number): Promise<void> {
  const isWhole = racerCount <= ALL_ORDERS_UP_TO
  const lineCount = isWhole ? CASTS.length : Math.ceil(randomCount / RACES_OF_A_LINE)
  const sum = { races: 0, commits: 0, done: 0 }
  const reported = new Map<string, number>()
  for (let number = 0; number < lineCount; number++) {
    const cast = CASTS[number % CASTS.length]!
    const line = await startingLine({ suite: suite0001, racerCount, cast, seed: seed + number })
    const left = Math.min(RACES_OF_A_LINE, randomCount - number * RACES_OF_A_LINE)
    const orders = isWhole ? allOrders(racerCount) : drawnOrders(racerCount, seed + number * RACES_OF_A_LINE, left)
    for (const order of orders) {
      const { complaints, commits, done, failed } = await race(line, order)
      sum.races += 1
      sum.commits += commits
      sum.done += done
      for (const reason of failed) reported.set(reason, (reported.get(reason) ?? 0) + 1)
      complaintCount += complaints.length
      for (const complaint of complaints) {
        console.log(`${cast}, line ${seed + number}, ${JSON.stringify(order)}: ${complaint}`)
      }
    }
  }
  const cells = [racerCount, sum.races, sum.commits, sum.done].map(String)
  const widths = [6, 8, 9, 14]
  const reasons = [...reported].map(([reason, count]) => `${count} ${reason}`).join(", ")
  console.log(`${cells.map((cell, i) => cell.padStart(widths[i]!)).join("")}  ${reasons || "none"}`)
}

function drawnOrders(racerCount: number, firstSeed: number, count: number): RaceOrder[] {
  return Array.from({ length: count }, (_, i) => randomOrder(racerCount, firstSeed + i))
}
