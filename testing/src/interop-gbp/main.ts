/**
 * `npm run interop:gbp`: profile 1 with the published stack. Exit code 0 if both understand each other. `npm run interop:gbp:peer`
 * fetches and builds that stack before.
 */
import { flagsOf, refuse } from "../command-line.ts"
import { facadeStack } from "./facade-stack.ts"
import { ourStack } from "./our-stack.ts"
import { playFlaws, playGolden, playScenes } from "./play.ts"
import { publishedSource } from "./published-source.ts"
import { isPublishedStackBuilt, PublishedStack } from "./published-stack.ts"
import { isGood, toText } from "./report.ts"
import { playSpoiled } from "./spoiled.ts"

const values = flagsOf({
  command: "interop:gbp",
  purpose: "Plays groups of ours and of the published Group Protocol Stack (profile 1), and looks for its known flaws.",
  flags: { json: { type: "boolean", default: false, says: "print every outcome as JSON" } },
})
if (!isPublishedStackBuilt()) refuse("The published stack is not built (it needs cargo): run npm run interop:gbp:peer.")

const published = new PublishedStack()
try {
  const report = {
    published: publishedSource(),
    golden: await playGolden(published),
    spoiled: await playSpoiled(published),
    scenes: [...(await playScenes(ourStack, published)), ...(await playScenes(facadeStack, published))],
    flaws: await playFlaws({ published, ours: ourStack, facade: facadeStack }),
  }
  console.log(values.json ? JSON.stringify(report, undefined, 2) : toText(report))
  process.exitCode = isGood(report) ? 0 : 1
} finally {
  await published.close()
}
