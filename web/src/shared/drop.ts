/** Files that are dropped on the page, folders with all that is in them. */

export interface DroppedFile {
  readonly file: File;
  /** Of the folders around it, the outermost first; empty for a file by itself. */
  readonly folders: readonly string[];
}

/** Calls `take` with what is dropped on `area`; while something is held over it, it has the class `held`. */
export function onDrop(area: HTMLElement, take: (files: readonly DroppedFile[]) => void): void {
  const mark = (event: DragEvent, over: boolean) => {
    event.preventDefault();
    area.classList.toggle('held', over);
  };
  area.addEventListener('dragover', (event) => mark(event, true));
  area.addEventListener('dragleave', (event) => mark(event, false));
  area.addEventListener('drop', async (event) => {
    mark(event, false);
    event.stopPropagation();
    if (event.dataTransfer) take(await filesOf(event.dataTransfer));
  });
}

async function filesOf({ items, files }: DataTransfer): Promise<DroppedFile[]> {
  // All at once: the list is empty when the event is over.
  const entries = [...items].map((item) => item.webkitGetAsEntry?.() ?? null);
  if (entries.some((entry) => entry)) {
    const found = await Promise.all(entries.map((entry) => (entry ? walk(entry, []) : [])));
    return found.flat();
  }
  return [...files].map((file) => ({ file, folders: [] }));
}

async function walk(entry: FileSystemEntry, folders: readonly string[]): Promise<DroppedFile[]> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) =>
      (entry as FileSystemFileEntry).file(resolve, reject),
    );
    return [{ file, folders }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const all: DroppedFile[] = [];
  // It gives a hundred at a time, and at last none.
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (some.length === 0) return all;
    for (const each of some) all.push(...(await walk(each, [...folders, entry.name])));
  }
}
