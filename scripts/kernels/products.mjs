/**
 * The products of detectors/sparse in WebAssembly text. Both walk over the product in
 * tiles whose numbers stay in registers. `stride` is the length of a row of both dense
 * matrices in bytes, a multiple of 64.
 */
import { lines, locals, range } from './text.mjs';

/** `count` registers of four numbers for one row's tile of 4 · count columns. */
function csrProduct(count) {
  const sums = range(count).map((i) => `s${i}`);
  return `
  (func (export "csr") (param $offsets i32) (param $indices i32) (param $values i32)
      (param $dense i32) (param $out i32) (param $rows i32) (param $stride i32)
    (local $row i32) (local $k i32) (local $start i32) (local $end i32)
    (local $column i32) (local $from i32) (local $to i32)
    (local $value v128) ${locals(sums, 'v128')}
    (block $done (loop $rows
      (br_if $done (i32.ge_u (local.get $row) (local.get $rows)))
      (local.set $start (i32.shl (i32.load (local.get $offsets)) (i32.const 2)))
      (local.set $end (i32.shl (i32.load offset=4 (local.get $offsets)) (i32.const 2)))
      (local.set $column (i32.const 0))
      (loop $columns
        ${lines(count, (i) => `(local.set $s${i} (v128.const i32x4 0 0 0 0))`)}
        (local.set $k (local.get $start))
        (block $summed (loop $nonzeros
          (br_if $summed (i32.ge_u (local.get $k) (local.get $end)))
          (local.set $value (v128.load32_splat (i32.add (local.get $values) (local.get $k))))
          (local.set $from (i32.add (i32.add (local.get $dense) (local.get $column))
            (i32.mul (i32.load (i32.add (local.get $indices) (local.get $k))) (local.get $stride))))
          ${lines(
            count,
            (i) =>
              `(local.set $s${i} (f32x4.add (local.get $s${i}) (f32x4.mul (local.get $value) (v128.load offset=${16 * i} (local.get $from)))))`,
          )}
          (local.set $k (i32.add (local.get $k) (i32.const 4)))
          (br $nonzeros)))
        (local.set $to (i32.add (local.get $out) (local.get $column)))
        ${lines(count, (i) => `(v128.store offset=${16 * i} (local.get $to) (local.get $s${i}))`)}
        (local.set $column (i32.add (local.get $column) (i32.const ${16 * count})))
        (br_if $columns (i32.lt_u (local.get $column) (local.get $stride))))
      (local.set $offsets (i32.add (local.get $offsets) (i32.const 4)))
      (local.set $out (i32.add (local.get $out) (local.get $stride)))
      (local.set $row (i32.add (local.get $row) (i32.const 1)))
      (br $rows))))`;
}

/** Blocks of 4×4 numbers, stored column by column; tiles of 4 rows by 8 columns. */
function blockProduct() {
  const sums = range(8).map((i) => `s${i}`);
  const oneColumn = (j) => `
          (local.set $x0 (v128.load (local.get $from)))
          (local.set $x1 (v128.load offset=16 (local.get $from)))
          (local.set $from (i32.add (local.get $from) (local.get $stride)))
          ${lines(
            4,
            (
              i,
            ) => `(local.set $value (v128.load32_splat offset=${16 * j + 4 * i} (local.get $block)))
          (local.set $s${2 * i} (f32x4.add (local.get $s${2 * i}) (f32x4.mul (local.get $value) (local.get $x0))))
          (local.set $s${2 * i + 1} (f32x4.add (local.get $s${2 * i + 1}) (f32x4.mul (local.get $value) (local.get $x1))))`,
          )}`;
  return `
  (func (export "blocks") (param $offsets i32) (param $indices i32) (param $values i32)
      (param $dense i32) (param $out i32) (param $rows i32) (param $stride i32)
    (local $row i32) (local $k i32) (local $start i32) (local $end i32)
    (local $column i32) (local $from i32) (local $to i32) (local $block i32)
    (local $value v128) (local $x0 v128) (local $x1 v128) ${locals(sums, 'v128')}
    (block $done (loop $rows
      (br_if $done (i32.ge_u (local.get $row) (local.get $rows)))
      (local.set $start (i32.load (local.get $offsets)))
      (local.set $end (i32.load offset=4 (local.get $offsets)))
      (local.set $column (i32.const 0))
      (loop $columns
        ${lines(8, (i) => `(local.set $s${i} (v128.const i32x4 0 0 0 0))`)}
        (local.set $k (local.get $start))
        (block $summed (loop $nonzeros
          (br_if $summed (i32.ge_u (local.get $k) (local.get $end)))
          (local.set $block (i32.add (local.get $values) (i32.shl (local.get $k) (i32.const 6))))
          (local.set $from (i32.add (i32.add (local.get $dense) (local.get $column))
            (i32.mul (i32.load (i32.add (local.get $indices) (i32.shl (local.get $k) (i32.const 2))))
              (i32.shl (local.get $stride) (i32.const 2)))))
          ${lines(4, oneColumn)}
          (local.set $k (i32.add (local.get $k) (i32.const 1)))
          (br $nonzeros)))
        (local.set $to (i32.add (local.get $out) (local.get $column)))
        ${lines(
          4,
          (i) => `(v128.store (local.get $to) (local.get $s${2 * i}))
        (v128.store offset=16 (local.get $to) (local.get $s${2 * i + 1}))
        (local.set $to (i32.add (local.get $to) (local.get $stride)))`,
        )}
        (local.set $column (i32.add (local.get $column) (i32.const 32)))
        (br_if $columns (i32.lt_u (local.get $column) (local.get $stride))))
      (local.set $offsets (i32.add (local.get $offsets) (i32.const 4)))
      (local.set $out (i32.add (local.get $out) (i32.shl (local.get $stride) (i32.const 2))))
      (local.set $row (i32.add (local.get $row) (i32.const 1)))
      (br $rows))))`;
}

export const productKernels = `${csrProduct(4)} ${blockProduct()}`;
