import type { Command } from "../command.ts"
import { textOf } from "../command.ts"
import { EXIT_CODES } from "../exit-code.ts"
import { parseAddress } from "../session/address.ts"
import { GroupSession } from "../session/group-session.ts"
import { Hub } from "../session/hub.ts"
import { tell } from "../session/told.ts"
import type { Told } from "../session/told.ts"
import { openListener } from "../session/transports.ts"
import { aborted, typeInto } from "../session/typing.ts"
import { SESSION_OPTIONS, sessionOptionsOf, signOfLifeMs, transportOf } from "./session-options.ts"

const TICK_MS = 500
const FOUNDER = { name: "founder", memberId: 1 }

/** Founds a group and lets in who connects. */
export const listen: Command = {
  name: "listen",
  summary: "found a group, let in everybody who connects, and carry their frames",
  argument: {
    name: "address",
    description: "host:port; port 0 for one that is free. Default 127.0.0.1:7878",
    isOptional: true,
  },
  options: SESSION_OPTIONS,
  examples: ["gbp-node listen", "gbp-node listen --transport quic 0.0.0.0:7878"],
  run: async ({ output, input, signal }, values) => {
    using session = new GroupSession(sessionOptionsOf(values, FOUNDER))
    const transport = transportOf(values)
    const at = parseAddress(textOf(values, "address") ?? "127.0.0.1:7878")
    const { listener, address } = await openListener(transport, at, Date.now())
    const told = (one: Told): void => tell(output, one)
    const { memberId } = session
    output.result(
      { event: "listening", transport: transport.name, address, memberId },
      `listening on ${address} over ${transport.name}, as member ${memberId}`,
    )
    for (const one of session.found().told) told(one)
    const hub = new Hub(session, told)
    const ticking = setInterval(() => hub.tick(), TICK_MS)
    const living = setInterval(() => hub.signOfLife(), signOfLifeMs(transport))
    const serving = (async () => {
      const served: Promise<void>[] = []
      for await (const connection of listener.connections) served.push(hub.serve(connection))
      await Promise.all(served)
    })()
    // The end of what is typed is not the end of the group: others may go on.
    const typing = typeInto(session, input, { send: (frame) => hub.send(frame), tell: told })
    await Promise.race([aborted(signal), serving, typing.then(async () => await aborted(signal))])
    clearInterval(ticking)
    clearInterval(living)
    await listener.close()
    await hub.close()
    return EXIT_CODES.ok
  },
}
