/** A name of the browser's library that the declarations of ts-mls use and Node's do not have. */
type BufferSource = ArrayBufferView | ArrayBuffer
