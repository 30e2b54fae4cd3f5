/** The bytes of an array of numbers, which may be a part of a larger buffer. */
export const numberBytes = ({ buffer, byteOffset, byteLength }: Float32Array): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength);
