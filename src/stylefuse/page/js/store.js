// History and presets, in this browser's IndexedDB and nowhere else.

const KEPT_ENTRIES = 60;
const KEPT_BYTES = 400e6;

let opened = null;

function database() {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open("stylefuse", 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("history", { keyPath: "id", autoIncrement: true });
      request.result.createObjectStore("presets", { keyPath: "name" });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return opened;
}

/** Do one thing with a store, and wait until it is on the disk. */
async function within(name, mode, action) {
  const transaction = (await database()).transaction(name, mode);
  const request = action(transaction.objectStore(name));
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve(request.result);
    transaction.onerror = transaction.onabort = () => reject(transaction.error);
  });
}

/** Entries, newest first: {id, when, name, chain, values, format, files, also, result, report, maps, missing, thumb}. */
export async function readHistory() {
  return (await within("history", "readonly", (store) => store.getAll())).reverse();
}

/** Keep an entry; the oldest ones go when there are too many or they are too large. */
export async function addHistory(entry) {
  await within("history", "readwrite", (store) => store.add(entry));
  let bytes = 0;
  for (const [n, each] of (await readHistory()).entries()) {
    bytes += [...each.files, each.result].reduce((sum, blob) => sum + blob.size, 0);
    if (n > 0 && (n >= KEPT_ENTRIES || bytes > KEPT_BYTES)) await removeHistory(each.id);
  }
}

export const removeHistory = (id) => within("history", "readwrite", (store) => store.delete(id));
export const clearHistory = () => within("history", "readwrite", (store) => store.clear());
export const readPresets = () => within("presets", "readonly", (store) => store.getAll());
export const savePreset = (preset) => within("presets", "readwrite", (store) => store.put(preset));
export const removePreset = (name) => within("presets", "readwrite", (store) => store.delete(name));
