/**
 * `npm run interop:server`: one MLS stack for the interop harness of the MLS working group, on the loopback interface. The
 * calls hand out private keys: it is for tests only.
 */
import { flagsOf, refuse } from "../command-line.ts"
import { serve } from "./serve.ts"
import { loadStack, STACK_NAMES } from "./stacks.ts"

const values = flagsOf({
  command: "interop:server",
  purpose: "Serves one MLS stack to the interop harness of the MLS working group, on the loopback interface only.",
  flags: {
    port: { type: "string", default: "0", says: "where to listen; 0 for any free port" },
    stack: { type: "string", default: "ours", says: STACK_NAMES.join(", ") },
    minutes: { type: "string", default: "0", says: "how long to run; 0 until stopped" },
  },
})
const [port, minutes] = [Number(values.port), Number(values.minutes)]
if (!Number.isInteger(port) || port < 0 || port > 65535 || !Number.isFinite(minutes) || minutes < 0) {
  refuse("--port is a number from 0 to 65535, --minutes how long to run (0: until stopped)")
}
const name =
  STACK_NAMES.find((known) => known === values.stack) ?? refuse(`--stack is one of ${STACK_NAMES.join(", ")}`)

const serving = await serve(await loadStack(name), port)
console.log(`${name} listens on 127.0.0.1:${serving.port}`)
// A runner that starts us learns the port, and takes us down with it.
process.send?.({ port: serving.port })
process.on("disconnect", () => process.exit(0))
if (minutes > 0) setTimeout(() => process.exit(0), minutes * 60_000).unref()
