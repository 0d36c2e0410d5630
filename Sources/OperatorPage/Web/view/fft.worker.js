// A spectrogram: for each column of pixels the strength of each frequency, by a fast Fourier transform of the samples
// around it. Only what is seen is computed.

onmessage = ({ data: { samples, columns, rows, job } }) => {
  const size = 1024;
  const image = new Uint8ClampedArray(columns * rows);
  const window = Float32Array.from({ length: size }, (_, index) => 0.5 - 0.5 * Math.cos(2 * Math.PI * index / size));
  const [real, imaginary] = [new Float32Array(size), new Float32Array(size)];
  for (let column = 0; column < columns; column += 1) {
    const middle = (column + 0.5) / columns * samples.length;
    const start = Math.floor(middle - size / 2);
    for (let index = 0; index < size; index += 1) {
      real[index] = (samples[start + index] ?? 0) * window[index];
      imaginary[index] = 0;
    }
    transform(real, imaginary);
    for (let row = 0; row < rows; row += 1) {
      const bin = Math.floor(row / rows * size / 2);
      const power = real[bin] ** 2 + imaginary[bin] ** 2;
      // From -90 dB to 0 dB of a full sine.
      const decibels = 10 * Math.log10(power / (size * size / 16) + 1e-12);
      image[(rows - 1 - row) * columns + column] = (decibels + 90) / 90 * 255;
    }
  }
  postMessage({ image, columns, rows, job }, [image.buffer]);
};

function transform(real, imaginary) {
  const size = real.length;
  for (let index = 1, bit = 0; index < size; index += 1) {
    let step = size >> 1;
    for (; bit & step; step >>= 1) bit ^= step;
    bit ^= step;
    if (index < bit) {
      [real[index], real[bit]] = [real[bit], real[index]];
      [imaginary[index], imaginary[bit]] = [imaginary[bit], imaginary[index]];
    }
  }
  for (let length = 2; length <= size; length <<= 1) {
    const angle = -2 * Math.PI / length;
    for (let start = 0; start < size; start += length) {
      for (let index = 0; index < length / 2; index += 1) {
        const [c, s] = [Math.cos(angle * index), Math.sin(angle * index)];
        const [a, b] = [start + index, start + index + length / 2];
        const [x, y] = [real[b] * c - imaginary[b] * s, real[b] * s + imaginary[b] * c];
        [real[b], imaginary[b]] = [real[a] - x, imaginary[a] - y];
        real[a] += x;
        imaginary[a] += y;
      }
    }
  }
}
