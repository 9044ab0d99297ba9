import { GroupNode, GtpClient, MlsContext, ready, StreamType } from "gbp-stack"

/** What Alice says, as Bob reads it. */
export async function quickStart() {
  await ready()
  const aliceMls = MlsContext.create("alice")
  const bobMls = MlsContext.create("bob")
  bobMls.acceptWelcome(aliceMls.invite(bobMls.exportKeyPackage()))

  const alice = GroupNode.create(1, aliceMls.groupId)
  const bob = GroupNode.create(2, aliceMls.groupId)
  alice.bootstrapAsCreator(aliceMls.epoch)
  bob.bootstrapAsJoiner(bobMls.epoch)

  const gtp = GtpClient.create()
  const { wire } = GtpClient.create().send(alice, aliceMls, 2, 1n, "hello")
  const texts = bob
    .onWire(bobMls, wire)
    .filter((event) => event.kind === "payload_received" && event.streamType === StreamType.Text)
    .map((event) => gtp.accept(event.plaintext, bobMls.epoch).text)
  return texts.join()
}
