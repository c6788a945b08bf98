package chappe.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;

/** The input, in memory before any clock starts. */
public final class Rows {
    public final long[] time;
    public final String[] indicator;
    public final String[] country;
    public final String[] type;

    private Rows(int count) {
        time = new long[count];
        indicator = new String[count];
        country = new String[count];
        type = new String[count];
    }

    static Rows read(Path file) throws IOException {
        var lines = new ArrayList<String>();
        try (BufferedReader reader = Files.newBufferedReader(file)) {
            reader.lines().forEach(lines::add);
        }
        var rows = new Rows(lines.size());
        for (int row = 0; row < rows.time.length; row++) {
            String[] fields = lines.get(row).split(",");
            rows.time[row] = Long.parseLong(fields[0]);
            rows.indicator[row] = fields[1];
            rows.country[row] = fields[2].intern();
            rows.type[row] = fields[3].intern();
        }
        return rows;
    }

    public int count() {
        return time.length;
    }

    /** Whether one of so many parts owns the row's key under the first rule. */
    public boolean ownsIndicator(int row, int part, int parts) {
        return parts == 1 || Math.floorMod(indicator[row].hashCode(), parts) == part;
    }

    /** The same for the second rule. */
    public boolean ownsCountryAndType(int row, int part, int parts) {
        return parts == 1 || Math.floorMod(country[row].hashCode() * 31 + type[row].hashCode(), parts) == part;
    }
}
