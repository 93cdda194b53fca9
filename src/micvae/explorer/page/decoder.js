// The decoder: ONNX Runtime Web, unpacked from this page and run without any other file.

const content = JSON.parse(document.getElementById("content").textContent);
const dimensions = content.latents.length;
const size = content.shape.reduce((a, b) => a * b, 1);
const pictures = content.shape.length === 3;

function bytesOf(text) {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

function floatsOf(text) {
  return new Float32Array(bytesOf(text).buffer);
}

async function unpacked(id) {
  const element = document.getElementById(id);
  const stream = new Blob([bytesOf(element.textContent)]).stream();
  element.remove();  // five million letters that are not needed twice
  const plain = stream.pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(plain).arrayBuffer());
}

// Resolves to decode(codes, count): codes one after the other, images likewise.
async function openDecoder() {
  const source = new Blob([await unpacked("runtime")], { type: "text/javascript" });
  const address = URL.createObjectURL(source);
  const ort = await import(address);
  URL.revokeObjectURL(address);
  ort.env.wasm.numThreads = 1;  // more would need workers, which a page from a file cannot have
  ort.env.wasm.wasmBinary = await unpacked("machine");
  const session = await ort.InferenceSession.create(await unpacked("network"), {
    executionProviders: ["wasm"],
  });
  const { input, output } = content.decoder;
  let last = Promise.resolve();  // a session runs one batch at a time
  return function decode(codes, count) {
    const mine = last.then(async () => {
      const batch = new ort.Tensor("float32", codes, [count, dimensions]);
      const found = await session.run({ [input]: batch });
      return found[output].data;
    });
    last = mine.catch(() => undefined);
    return mine;
  };
}
