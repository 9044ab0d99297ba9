import type { VectorFiles } from "@qpc/wire/vectors"

declare const XMLHttpRequest: new () => {
  open(method: "GET", url: string, isAsynchronous: boolean): void
  send(): void
  readonly status: number
  readonly responseText: string
}
/** Vectors of the server that the page came from. Synchronous, because reading a file is so in Node, too. */
export const served: VectorFiles = {
  place: "the server's vectors",
  text(path) {
    const request = new XMLHttpRequest()
    request.open("GET", `/vectors/${path}`, false)
    request.send()
    return request.status === 200 ? request.responseText : undefined
  },
}
