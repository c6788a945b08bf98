package chappe.bench;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;

/**
 * Runs an engine several times over the same rows and prints a line of JSON for each run: time on the wall, CPU time of the threads that
 * feed the engine, and CPU time of the whole process with the compiler's and the garbage collector's threads.
 */
public final class Harness {
    private record Part(Engine.Sums sums, long cpuNanos) {}

    private Harness() {}

    /** Arguments: FILE THREADS REPETITIONS. */
    public static void main(Engine engine, String[] arguments) throws Exception {
        Rows rows = Rows.read(Path.of(arguments[0]));
        int threads = Integer.parseInt(arguments[1]);
        int repetitions = Integer.parseInt(arguments[2]);
        for (int repetition = 0; repetition < repetitions; repetition++) {
            System.gc();
            System.out.println(measure(engine, rows, threads, repetition));
        }
        // An engine may leave threads of its own behind.
        System.exit(0);
    }

    private static String measure(Engine engine, Rows rows, int threads, int repetition) throws Exception {
        var system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        long cpuBefore = system.getProcessCpuTime();
        long wallBefore = System.nanoTime();
        var parts = new ArrayList<FutureTask<Part>>();
        for (int part = 0; part < threads; part++) {
            var task = new FutureTask<>(one(engine, rows, part, threads, "r" + repetition + "p" + part));
            parts.add(task);
            new Thread(task).start();
        }
        var sums = new Engine.Sums(0, 0);
        long feeding = 0;
        for (var part : parts) {
            sums = sums.plus(part.get().sums);
            feeding += part.get().cpuNanos;
        }
        long wall = System.nanoTime() - wallBefore;
        long process = system.getProcessCpuTime() - cpuBefore;
        return String.format(
                Locale.ROOT,
                "{\"engine\":\"%s\",\"threads\":%d,\"rows\":%d,\"wall_seconds\":%.6f,\"feeding_cpu_seconds\":%.6f,"
                        + "\"process_cpu_seconds\":%.6f,\"r1\":%d,\"r2\":%d}",
                engine.name(), threads, rows.count(), wall / 1e9, feeding / 1e9, process / 1e9, sums.first(), sums.second());
    }

    private static Callable<Part> one(Engine engine, Rows rows, int part, int parts, String instance) {
        return () -> {
            var thread = ManagementFactory.getThreadMXBean();
            long before = thread.getCurrentThreadCpuTime();
            var sums = engine.run(rows, part, parts, instance);
            return new Part(sums, thread.getCurrentThreadCpuTime() - before);
        };
    }
}
