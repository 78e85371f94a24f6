/** The row of a statement that always answers one, such as a call of an SQL function that is no set. */
export function onlyRow<Row>([row]: readonly Row[]): Row {
  if (row === undefined) throw new Error('a statement that always answers a row has answered none');
  return row;
}
