// As a page does it with a plain script tag; this one waits for it.
globalThis.quickStart = async () => {
  const script = document.createElement("script")
  script.src = "/gbp-stack.global.js"
  document.head.append(script)
  await new Promise((resolve, reject) => {
    script.addEventListener("load", resolve)
    script.addEventListener("error", reject)
  })
  const { GroupNode, GtpClient, MlsContext, ready } = globalThis.GbpStack
  await ready()
  const [aliceMls, bobMls] = [MlsContext.create("alice"), MlsContext.create("bob")]
  bobMls.acceptWelcome(aliceMls.invite(bobMls.exportKeyPackage()))
  const [alice, bob] = [GroupNode.create(1, aliceMls.groupId), GroupNode.create(2, aliceMls.groupId)]
  alice.bootstrapAsCreator(aliceMls.epoch)
  bob.bootstrapAsJoiner(bobMls.epoch)
  const { wire } = GtpClient.create().send(alice, aliceMls, 2, 1n, "hello")
  const payload = bob.onWire(bobMls, wire).find(({ kind }) => kind === "payload_received")
  return GtpClient.create().accept(payload.plaintext, bobMls.epoch).text
}
