export { BLOCK, blocksFromDense, type BlockMatrix } from './blocks.js';
export { checkCsr, csrFromDense, type CsrMatrix } from './csr.js';
export { multiplyCsr } from './multiplyCsr.js';
export { multiplyDense } from './multiplyDense.js';
export {
  clusteredPattern,
  connectedPattern,
  groupedConnections,
  sparsityOf,
  uniformPattern,
  type Pattern,
} from './patterns.js';
export { SimdProducts, type StoredMatrix } from './simdProducts.js';
