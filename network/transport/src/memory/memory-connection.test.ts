import { describeConnection, describeListener } from "../conformance/index.ts"
import { memoryListener, memoryPair } from "./memory-connection.ts"

describeConnection("memory", { makePair: async () => memoryPair(), mostUnreadBytes: 524_288 })
describeConnection("memory, with the smallest window", {
  makePair: async () => memoryPair({ windowBytes: 65_536 }),
  mostUnreadBytes: 65_536,
})

describeListener("memory", async () => {
  const { listener, dial } = memoryListener()
  return { listener, dial, [Symbol.asyncDispose]: async () => await listener.close() }
})
