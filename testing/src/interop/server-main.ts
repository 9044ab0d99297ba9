/**
 * `npm run interop:server -- [--port N] [--stack ours] [--minutes N]`: one MLS stack for the interop harness of the MLS
 * working group, on the loopback interface. The calls hand out private keys: it is for tests only.
 */
import { parseArgs } from "node:util"
import { serve } from "./serve.ts"
import { loadStack, STACK_NAMES } from "./stacks.ts"

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "0" },
    stack: { type: "string", default: "ours" },
    minutes: { type: "string", default: "0" },
  },
})
const [port, minutes] = [Number(values.port), Number(values.minutes)]
if (!Number.isInteger(port) || port < 0 || port > 65535 || !Number.isFinite(minutes) || minutes < 0) {
  console.error("--port is a number from 0 to 65535, --minutes how long to run (0: until stopped)")
  process.exit(2)
}
const name = STACK_NAMES.find((known) => known === values.stack)
if (name === undefined) {
  console.error(`--stack is one of ${STACK_NAMES.join(", ")}`)
  process.exit(2)
}

const serving = await serve(await loadStack(name), port)
console.log(`${name} listens on 127.0.0.1:${serving.port}`)
// A runner that starts us learns the port, and takes us down with it.
process.send?.({ port: serving.port })
process.on("disconnect", () => process.exit(0))
if (minutes > 0) setTimeout(() => process.exit(0), minutes * 60_000).unref()
