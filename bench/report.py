"""What a run found: printed as it comes, written into docs/BENCH.md at the end."""
import unicodedata


class Table:
    def __init__(self, title, columns, about):
        self.title, self.columns, self.about = title, columns, about
        self.rows, self.notes = [], []
        print(f'\n{title}\n{about}', flush=True)
        self._print(columns)

    def _print(self, cells):
        widths = [40 if i == 0 else max(12, len(self.columns[i])) for i in range(len(self.columns))]
        print('  '.join(str(c).ljust(w) if i == 0 else str(c).rjust(w) for i, (c, w) in enumerate(zip(cells, widths))), flush=True)

    def row(self, *cells):
        cells = [clean(str(c)) for c in cells] + [''] * (len(self.columns) - len(cells))
        self.rows.append(cells)
        self._print(cells)

    def note(self, text):
        self.notes.append(text)
        print(text, flush=True)

    def markdown(self):
        lines = [f'## {self.title}', '', self.about, '', '| ' + ' | '.join(self.columns) + ' |', '|' + '---|' * len(self.columns)]
        lines += ['| ' + ' | '.join(cells) + ' |' for cells in self.rows]
        return '\n'.join(lines + [''] + [f'- {n}' for n in self.notes]).rstrip() + '\n'


def clean(text):
    return ''.join(c for c in text if unicodedata.category(c)[0] != 'C').replace('|', '/')


class Report:
    def __init__(self):
        self.facts, self.tables = [], []

    def fact(self, name, value):
        self.facts.append((name, value))
        print(f'{name}: {value}', flush=True)

    def table(self, title, columns, about):
        self.tables.append(Table(title, columns, about))
        return self.tables[-1]

    def write(self, path, command):
        """The part of the file that this command writes; the others stay."""
        path.parent.mkdir(exist_ok=True)
        begin, end = f'<!-- {command} -->\n', f'<!-- end of {command} -->\n'
        facts = ''.join(f'- {name}: {value}\n' for name, value in self.facts)
        part = f'{begin}# One run of `{command}`\n\n{facts}\n' + '\n'.join(t.markdown() for t in self.tables) + end
        text = path.read_text() if path.exists() else 'Written by the runs; not edited. Medians and ratios hold, absolute rates depend on the machine and on who else uses it.\n\n'
        if begin in text:
            before, rest = text.split(begin, 1)
            text = before + part + rest.split(end, 1)[1]
        else:
            text += part
        path.write_text(text)
        print(f'\nwritten: {path}')
