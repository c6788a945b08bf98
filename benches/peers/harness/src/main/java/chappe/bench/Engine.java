package chappe.bench;

/** An engine with both rules, from start to stop, for the keys of one part. */
public interface Engine {
    String name();

    /**
     * Sends every row whose keys the part owns, and returns the sums over what the engine told.
     *
     * @param instance a name that no other call has
     */
    Sums run(Rows rows, int part, int parts, String instance) throws Exception;

    /** Firings of the first rule, and the counts that the second told, added up. */
    record Sums(long first, long second) {
        Sums plus(Sums other) {
            return new Sums(first + other.first, second + other.second);
        }
    }
}
