/** Shows a dialog while it is on the page; closing it by Escape or by a click beside it calls `onclose`. */
export function modal(onclose: () => void) {
  return (dialog: HTMLDialogElement) => {
    const onCancel = (event: Event) => {
      event.preventDefault();
      onclose();
    };
    const onClick = (event: MouseEvent) => {
      if (event.target === dialog) onclose();
    };
    dialog.addEventListener("cancel", onCancel);
    dialog.addEventListener("click", onClick);
    dialog.showModal();
    return () => {
      dialog.removeEventListener("cancel", onCancel);
      dialog.removeEventListener("click", onClick);
      dialog.close();
    };
  };
}
